// Package uplink carries the outbox to HQ: one relay per store, over a Link
// (HTTP batches for now).
//
// # What may be believed
//
//	the outbox table   what there is to send; the authority for everything local
//	HQ's watermark     where to go on: received_upto and its hash, from HQ's own
//	                   answer. It is read at start, after each refusal and every
//	                   minute, and it may fall: an HQ restored from a backup is
//	                   simply sent again what it lost
//	hints              "something was committed": from this process's own commits
//	                   and from NOTIFY. Losing every hint costs a poll interval
//
// # The loop
//
//	own the lock ─▶ ask HQ where it stands ─▶ claim ids above it ─▶ send ─▶ mark
//	     ▲                    ▲                    │  nothing to send: wait for a hint
//	     └── lock lost        └── refused, or a minute has passed
//
// One relay sends, by an advisory lock on a connection of its own; if that
// connection dies, the lock is gone, and the sender is stopped with it. Nothing
// is claimed for longer than the short transaction that reads it: what makes a
// second send harmless is HQ, not a lock here. No transaction is open while the
// network is used.
//
// # Giving way
//
// A backlog drains in large batches while nobody sells. While tills are asking
// (Traffic), it goes in small ones with pauses between them, so that a till does
// not wait behind 500 events for the database and the processor
// (docs/decisions/0008-the-relay-gives-way.md).
//
// # Refusals
//
//	line down, 5xx, timeout        back off, exponentially with full jitter; when
//	                               the line is ONLINE again (package line): at once
//	gap                            go on where HQ says
//	413 on several events          halve the batch
//	401, 403, 413 on one event,    not a fault of the line: raise an alarm, retry
//	a repeated hash_mismatch       slowly
//	fork, fenced, event_id_reused, stop and raise an alarm; sales go on. HQ is
//	HQ ahead of our head           asked again now and then, and nothing is sent
//	                               while its hash is not ours
//
// Published is monotone: an event that HQ acknowledged once stays published,
// even if HQ falls back behind it and it is sent again.
package uplink
