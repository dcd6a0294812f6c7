// Package outbox is the store's log of events: what the shop did, in the order
// in which it was committed, chained by hashes (package wire).
//
// # Gapless and in commit order
//
// An event's id is not a sequence. A sequence leaves gaps when a transaction
// rolls back, and a low id can commit after a high one; a reader with a cursor
// would skip it for ever. Instead outbox_head is one row that holds the last id
// and the last hash. Whoever appends locks it, so ids are given out one
// transaction at a time, in the order in which they commit, and a rollback gives
// them back.
//
// The price is one commit at a time. It is kept small by taking the lock last:
// payloads are built before, and Append makes the database's function
// outbox_append_events the transaction's last statement, sent together with COMMIT.
// Lock order of a finalize: idempotency key → transaction → inventory rows by
// item → receipt counter → outbox_head.
//
// # Who may write
//
// Append takes a *postgres.Tx, so an event outside the transaction of its effect
// does not compile. The database refuses to change an event, to unpublish it, or
// to delete it before HQ has acknowledged it.
//
// # Who listens
//
// After COMMIT the log hands its listeners (the relay) the new events, with their
// hashes: what was sold is on its way to HQ without being read again. It is a
// courtesy: the table is the truth, and what was not told is found there.
package outbox
