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
// Everything that needs no database happens first: fields, ids, the hash chain,
// reading of payloads. Then one transaction of one store, in two round trips:
//
//  1. lock the stream's row, read the overlap and what is set aside; check in
//     the contract's order: batch_invalid, fenced, gap, hash_mismatch, fork;
//  2. hq_inbox, projections, quarantine, watermark, and COMMIT.
//
// Two senders of one store stand in line at the row's lock; the second finds the
// watermark moved and its events duplicates. event_id_reused is the last check
// and left to the unique constraint, because it never happens.
//
// # What may go wrong
//
// A refused batch leaves no trace. An event that cannot be applied does not
// refuse its batch: its bytes are kept, it is set aside in hq_quarantine, and
// the rest flows. If PostgreSQL refuses the projections of the second trip, the
// whole transaction is run again with savepoints (projection.Run.Apply). If the
// answer to COMMIT is lost, the store gets no acknowledgment and sends again;
// what had happened after all is then a duplicate.
package intake
