// Package grpcapi is HQ's gRPC interface: the stream of events, health and
// reflection. It carries; every rule about a store's log is package intake's and
// wire's, as over HTTP.
//
// # A stream
//
// Two goroutines: one listens (reads, decodes and prepares the next message), the
// other one talks (commits, answers, and ends the stream by returning). Between
// them lies a queue that credit keeps short, so that the next batch is decoded
// while the last one is written, and answers come in the order of the questions.
// An idle stream is both of them waiting, one timer for its age, and nothing else.
//
// The state of a stream is how many batches came and were answered, how far it
// may go (granted), and the watermark that it told last. None of it outlives the
// stream: the watermark in PostgreSQL is the authority, and the welcome tells it.
//
// Credit that was given is not taken back: lowering it binds the batches after
// those that it was given for. So a store that had not heard of it is not refused.
//
// # Many stores at once
//
// Thousands that come back in the same moment are let in at a pace (arrivals.go):
// so many connections a second, and a token looked up for two streams at a time.
// Their backlogs are decoded and made ready by half of the cores (heavy.go), and
// written in turns (package intake). A sale that was just paid stands behind none
// of that.
//
// # Work that takes long
//
// A batch may wait for its turn, or for a slow database, longer than a store
// listens to silence; a hello, too. Meanwhile a timer tells the store every two
// seconds that HQ lives: by an answer of no batch that says what was said last,
// before the welcome nothing. The talking goroutine is silent while it works, so
// the two never speak at once, and no such word comes behind the answer.
//
// # Tokens
//
// A stream's token is looked up when it opens, for each watermark that is asked
// for, and before a batch if that is more than half a minute ago: a token that was
// replaced writes for half a minute at most.
//
// # What may go wrong
//
// A refusal is a status with the code as its reason (wirepb.FromRefusal). A
// message over 4 MiB is gRPC's own RESOURCE_EXHAUSTED, bytes that are no message
// are its INTERNAL: both are sent before HQ hears of them. A panic ends its stream with INTERNAL and goes to the log.
// A store that is gone is found by gRPC's keepalive. A stream that takes no
// answers blocks only itself, until its connection is too old.
package grpcapi
