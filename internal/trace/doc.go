// Package trace makes one trace of a sale, from the till's request to HQ's
// commit, in OpenTelemetry's terms, whether the line was there or down for a day.
//
//	till's traceparent ─▶ the request at the edge ─▶ its statements
//	                        │ the event's traceparent, in the outbox
//	                        ├─▶ uplink.deliver   from the sale to HQ's acknowledgement
//	                        └─▶ intake.commit    at HQ, another process, maybe tomorrow
//
// A span is written when it has ended and never before, so nothing has to be
// remembered while the line is down: the event carries the id of the request's
// span, and whoever is done with the event adds a span below that (Record).
//
// What a process exports, and whether it does, is settled once, at its start
// (Config.Start): where nothing is exported, no span is made, and all that is
// done is to pass on a valid traceparent that came in. So the package keeps one
// thing for the process: where its spans go. A sale never waits for a collector.
// One that is away loses spans, and a burst larger than the queue does, too:
// a trace is an aid to whoever looks, and never a record of anything.
package trace
