// Package wiretest is the conformance suite of the sync protocol: a store, an HQ
// and the line between them, driven and hurt until the rules either hold or are
// seen to break. Tests import it, programs never.
//
// # Two halves
//
// Run plays named cases against a World, whatever it is made of: HTTP or gRPC,
// memory or PostgreSQL, this process or others. Features say what a world can do;
// a case that needs what it cannot do is skipped by name.
//
// Simulation plays seeded histories, random programs of sales, faults and
// restarts, in memory and in virtual time (testing/synctest): thousands in
// seconds, the same program for the same seed. The relay under test is the real
// one, plugged in by whoever knows it (Plug). HQ, the journal and the line are
// this package's: HQ judges by wire.Batch.Validate, wire.Held.Judge and Greet,
// the rules that intake uses, on "transactions" that can die at each point; the
// line carries the bytes of package wirepb and can lose, hold, cut and change
// them. A history that fails is made shorter as long as it still fails.
//
//	go test ./internal/edge/uplink -run TestHistories -wiretest.histories 100000
//	go test ./internal/edge/uplink -run TestHistories -wiretest.histories 1 -wiretest.seed 4711
//
// # The oracle
//
// It sees everything and takes part in nothing. The names of its checks:
//
//	durable    HQ told of a watermark that was never committed
//	prefix     HQ's log is not, event by event, the store's
//	effects    an event had no effect at HQ, or a second one
//	published  the store marked what HQ never had, or marked backwards while HQ did not fall back
//	set aside  the store did not note what HQ told it to have set aside, or noted another event
//	window     more batches on their way than HQ's credit
//	sequence   a batch on a stream that does not follow the one before it
//	start      a stream that does not begin at HQ's own word
//	refusal    HQ took what it must refuse, or refused what it must take
//	alarm      an alarm without a reason, or none where there is one
//	drain      not everything was at HQ in time, once all was well again
//
// An HQ restored from a backup may lack what the store marked: that alone is no
// breach of "published".
//
// # What the worlds of PostgreSQL do not run
//
// A real HQ has no command that takes all credit away, and nobody counts what its
// stores send: the cases of credit zero are played in memory only, and «sent once»
// is asserted there. The oracle's looks at each message and mark are memory's, too;
// a real world is proven by its rows at the end of each case.
//
// # Who guards the guard
//
// Bugs are planted, in HQ and between the relay and its surroundings (Bug), and
// each must be caught by its check within a stated number of histories.
package wiretest
