// Package line knows whether HQ can be reached, since when, and how far the
// shop's clock is from HQ's. It decides nothing about sales: no till ever waits
// for it, and whoever reads it gets what was true a moment ago.
//
// It is apart from uplink because it is asked when there is nothing to send, and
// because it is told by more than the relay: by probes of its own, and by each
// batch. uplink sends events and reports here how that went; a Line sends
// none, and so a shop with a full outbox and one with an empty outbox judge the
// same line in the same way.
//
// # What is heard
//
//	good       HQ's /ready answers (Watch, every HEALTH_INTERVAL), or HQ has
//	           acknowledged events
//	a failure  anything else: no connection, no answer in time (a line that takes
//	           bytes and gives none back is found by this alone), a status other
//	           than 200, somebody who is no HQ, a batch that did not get through
//
// # The judge
//
//	ONLINE   ──HEALTH_FAILURES failures in a row──▶  OFFLINE
//	ONLINE   ◀──a steady run of good answers────────  OFFLINE
//
// Two good answers are a steady run on a calm line. After a line has changed
// three times within a minute more are asked for, up to five, over a time that
// doubles: a flapping line is OFFLINE most of the time, because everybody who
// hears "ONLINE" starts to send. The judge (Judge) is a pure state machine: what
// was heard and when are its arguments.
//
// # The clock
//
// Every 15 seconds while ONLINE the store tells HQ the end of its log and its
// time, and HQ answers with its own (Pulse; POST /v1/stores/{id}/heartbeat). The
// middle of the round trip is compared with HQ's time; the quickest of the last
// few exchanges is the least wrong. The result is shown and logged, and nothing
// is ever ordered by it or corrected with it.
//
// # What may go wrong
//
// A Line that is told nothing stays as it is. Without HQ_URL and STORE_TOKEN
// nobody probes, and the shop is OFFLINE for good. An HQ without the heartbeat's
// route is no failure: its clock is just not known.
package line
