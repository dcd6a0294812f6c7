// Package quarantine is what HQ holds and could not apply: to list, to look at,
// and to try again.
//
// # State
//
// hq_quarantine has a row for each such event. The first of an aggregate is
// QUARANTINED, with the reason; its later ones are WAITING. The event itself
// stays in hq_inbox, untouched. A row leaves when its event has been applied.
//
// # Replay
//
// What is repaired is never the event: it is HQ (a newer program that knows the
// type) or HQ's data (a sale recorded twice by hand). Then Replay tries the
// event and, in id order, those that wait behind it, in one transaction of one
// store. The first that is refused again is quarantined, the rest goes on
// waiting; it is the same code as the live intake's (projection.Run).
package quarantine
