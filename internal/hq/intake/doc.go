// Package intake accepts a store's events: the one core behind every transport.
//
// # State and authority
//
// store_streams holds one row a store: the epoch that HQ issued, the watermark
// received_upto and the hash of that event. The watermark commits together with
// the events (hq_inbox) and what they mean (the projections), so it never says
// more or less than what HQ has, and it alone governs where the store goes on.
//
// # Accept
//
// Everything that needs no database happens first (Prepare): fields, ids, the
// hash chain, reading of payloads, and the statements that write what a batch
// nearly always is: the next one. Then one transaction of one store, in one round
// trip (Delivery.follow): intake_advance locks the stream's row, compares epoch,
// watermark and hash with what the batch claims to follow, looks that nothing is
// set aside which the batch goes on about, and moves the watermark; inbox,
// projections, quarantine and COMMIT come behind it. If anything is not as
// claimed it raises, nothing has happened, and the batch is looked at in two
// trips (Delivery.look):
//
//  1. lock the stream's row, read the overlap and what is set aside; check in
//     the contract's order: batch_invalid, fenced, gap, hash_mismatch, fork;
//  2. hq_inbox, projections, quarantine, watermark, and COMMIT.
//
// Both ways say the same and leave the same rows. Two senders of one store stand
// in line at the row's lock; the second finds the watermark moved and its events
// duplicates. event_id_reused is the last check and left to the unique
// constraint, because it never happens.
//
// # Many stores at once
//
// A live batch is written at once. Backlogs' batches pass a gate, a few at a time
// and first come first served, and who drains one is told when its next turn is
// (Terms; over HTTP retry_after_ms, on a stream credit as well): what thousands
// of stores have saved up lies at the stores until there is time for it, and not
// in HQ's memory or in front of a sale. The gate is this process's own and
// decides about time only: nothing depends on it for being right.
//
// A store's own callers stand in a line of their own in front of all that (lines):
// one at a time is in the gate, in the hall where hellos wait, or at the database.
// So a store whose row is locked has one connection and one place, however often
// it tries. A greeting waits two seconds for its store, a batch three for its row;
// then HQ is unavailable to that store, and the place is free.
//
// # What may go wrong
//
// A refused batch leaves no trace. An event that cannot be applied does not
// refuse its batch: its bytes are kept, it is set aside in hq_quarantine, and
// the rest flows. If PostgreSQL refuses the projections, the whole transaction is
// run again with savepoints (projection.Run.Apply). If the answer to COMMIT is
// lost, the store gets no acknowledgment and sends again; what had happened after
// all is then a duplicate.
package intake
