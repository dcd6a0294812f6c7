// Package uplink carries the store's log to HQ: one relay per store, which holds
// one conversation with HQ at a time, over gRPC or HTTP (Way), out of the outbox
// (Journal).
//
// # What may be believed
//
//	the journal        what there is to send; the authority for everything local
//	HQ's watermark     where to go on: received_upto and its hash, from HQ's own
//	                   answers. Each conversation begins with it, and it is asked
//	                   for every minute. It may fall: an HQ restored from a backup
//	                   is simply sent again what it lost
//	the handoff        events from this process's own commits, sent without being
//	                   read again. It is bounded, and whatever it loses is found in
//	                   the journal
//	hints              "something was committed elsewhere", from NOTIFY. Losing
//	                   every hint costs a poll interval
//
// # The conversation
//
//	open ─▶ HQ's watermark is a point of our log ─▶ mark ─▶ send ◀─▶ hear
//	  ▲                                                        │
//	  └── back off, or at once ◀── forget what was on its way ◀┘ at the first
//	                                     refusal, silence, drain, change of the way
//
// Batches are on their way side by side, as many as HQ's credit allows; answers
// come in their order. Each answer's hash is compared with the log before anything
// is marked, and marks are written beside the sending, several as one. HQ's silence
// ends a conversation: an answer is owed within SYNC_TIMEOUT, and after 15 s without
// a word HQ is asked for one, so a line that is half open is found within 20 s.
//
// There is one exception to forgetting: when the answer to a batch was lost and HQ
// turns out to have it, the batch is sent once more over the same protocol. The
// answer says which of its events HQ has set aside; nothing else does.
//
// One relay sends, by an advisory lock on a connection of its own (Run); if that
// connection dies, the lock is gone, and the sender is stopped with it. What makes
// a second send harmless is HQ, not a lock here. No transaction is open while the
// network is used.
//
// # Two ways
//
// gRPC that does not get through three times in a row, on a line that is good
// otherwise, is left for HTTP (detour). The way back is tried after 30 s, then less
// often, and when the line comes back; HTTP goes on at once if it fails. The ways
// change between two conversations, when nothing is on its way: nothing overtakes
// anything, and nothing that HQ has is sent again.
//
// # Giving way
//
// A backlog drains in large batches, side by side, while nobody sells. While tills
// are asking (Traffic), it goes in small ones, one at a time with pauses, so that a
// till does not wait behind 500 events for the database and the processor
// (docs/decisions/0008-the-relay-gives-way.md).
//
// # Refusals
//
//	line down, 5xx, timeout        back off, exponentially with full jitter; when
//	                               the line is ONLINE again (package line): at once
//	gap, a watermark that fell     open again, from where HQ says
//	credit_exceeded                back off
//	413 on several events          halve the batch
//	401, 403, 413 on one event,    not a fault of the line: raise an alarm, retry
//	a repeated hash_mismatch       slowly
//	fork, fenced, event_id_reused, stop and raise an alarm; sales go on. HQ is
//	HQ ahead of our head           asked again now and then, and nothing is sent
//	                               while its hash is not ours
//	rewind                         our own log tells: HQ ahead, a fork, or another
//	                               relay of this store that was faster
//
// After a failure one small batch at a time is sent until HQ acknowledges one.
// Published is monotone: an event that HQ acknowledged once stays published,
// even if HQ falls back behind it and it is sent again.
package uplink
