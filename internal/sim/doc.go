// Package sim plays a shop against the real programs and judges what they did.
// It is a client: it starts store-edge and hq-platform as processes, speaks
// their public APIs, and knows none of their code.
//
// # Parts
//
//	Installation  HQ, one store edge and their PostgreSQL as processes: started,
//	              killed, started again, stopped (Start, Kill, Restart, Stop);
//	              further shops stand beside the first and share its HQ
//	Till          a till as a good one behaves: its cashier signs in, again when
//	              the session ends; ids and Idempotency-Keys of its own, and
//	              retries that can do no harm
//	Shopper       who comes to the till: a seeded, endless row of visits
//	Play          N tills sell; what one suspends, or dies over, another takes up
//	              (rack); the Ledger is what their cashiers have seen
//	Watch         what one can see of it: how long calls took, what tills do
//	Verify        the oracle: edge = HQ event by event, and invariants A–D
//	Line          the line from the edge to HQ, which fails as it is told
//	Run           Play with a display, in a running shop or in shops of its own,
//	              while a scenario happens (package scenario; screen shows it)
//	Chaos         all of it at once, with processes killed and the line cut at
//	              seeded moments
//
// # What may be believed
//
// The Ledger is the authority over what was promised: a sale stands in it only
// if the cashier saw PAID (a 200 of finalize), and a void if they saw VOIDED. The
// edge's outbox is the
// authority over what happened; the oracle recomputes its hash chain from the
// envelopes, and compares HQ and everything else with it. HQ's own tables are
// judged by HQ's own program (hq-platform verify), which is run as a process,
// because a client has no database. What was interrupted before the oracle spoke
// is not proven, and neither is a fault that never happened: both are failures. A
// basket that did not end is one, too, unless a till gave up on it and said so.
//
// # People
//
// Each till has a cashier of its own, and the manager within call: what the
// cashier may not do alone is done with an approval that the manager's PIN buys.
// The edge keeps only what a PIN can be checked with, so an installation keeps its
// people's PINs in people.env beside its data. A wrong PIN is never tried twice.
//
// # Processes
//
// A server is a child in a process group of its own, so Ctrl-C reaches this
// program alone and it stops the edge first, then HQ. Its output goes to a file
// and not to a pipe: what it has to say about our death is kept, too. On Linux
// the kernel sends it SIGTERM when we die, however we die; elsewhere the next
// start finds its address in use and says so. Only processes that were started
// here are signalled, by number; a postmaster must be the child of our server.
//
// # Repeatable
//
// A seed fixes the shoppers' visits, till by till, and what is killed or cut
// after how many sales. The interleaving of tills and strikes is the machine's:
// a seed repeats the plan, not the nanosecond.
package sim
