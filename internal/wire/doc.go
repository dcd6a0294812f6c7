// Package wire is what a store edge and HQ say to each other: the event
// envelope, the hash chain over it, batches and their results, and the payloads
// of every event type. It is pure: no network, no database, no clock. Both
// sides and every transport use it, so there is one implementation of the bytes.
//
// # The log
//
// A store's outbox is a gapless log: ids 1, 2, 3, … for the life of the store.
// An event is identified by (store_id, epoch, id); event_id (a UUIDv7) is the
// end-to-end idempotency key. Every event carries the hash of its own envelope
// chained to the one before it (Event.Chain), so "complete to id n with hash h"
// is a claim that anybody can check, and one changed byte anywhere is found.
//
// # A batch
//
// The edge sends runs of consecutive ids. HQ checks in a fixed order: ids
// (batch_invalid), epoch (fenced), gap, the chain (hash_mismatch), the overlap
// with what it has (fork), event ids (event_id_reused). What is refused leaves no
// trace; what is accepted is committed before it is acknowledged. The answer's
// received_upto and chain_hash are HQ's watermark, and the watermark governs
// where the edge goes on.
//
// docs/sync-protocol.md says the same for people who write another client.
package wire
