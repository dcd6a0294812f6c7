// Package projection turns a store's events into HQ's tables: hq_transactions,
// hq_line_items, hq_tax_lines, hq_payments, hq_inventory, hq_voided_baskets and
// hq_overrides.
//
// # Authority
//
// hq_inbox is the truth; everything here can be thrown away and made again from
// it (Rebuild), and that gives the same rows. So a row depends on its event
// alone, never on when or how often HQ tried. The store's figures are verified
// and never rewritten: an event whose sums do not hold is refused as it is.
//
// # One run
//
// Live intake, replay and rebuild all use a Run: consecutive events of one
// store, in id order, decided one way.
//
//  1. Read, without a database: is the type known, can the payload be read, do
//     its sums hold? If not, the event is refused with a stable code.
//  2. An event with an earlier refused event of its aggregate_id waits.
//  3. The rest is written by a handful of statements for the whole run (Queue).
//     If PostgreSQL refuses them, a constraint knows something that Read could
//     not: Apply halves the run under savepoints until exactly the bad events
//     stand alone. Both ways end in the same rows.
//
// # What may go wrong
//
// A refusal by the data (SQLSTATE classes 22, 23, 54) condemns an event. Every
// other error of the database (it is restarting, a lock was not had) condemns
// nobody: it ends the transaction, and the caller tries again later.
package projection
