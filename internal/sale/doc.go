// Package sale is the life of one transaction at the till, as rules without a
// clock, a database or a network: what may be done in which state, and what it
// leads to. Use cases load a Transaction under its row lock, ask it to do
// something with `now` as an argument, and write what changed.
//
// # States
//
//	         ┌── suspend ──▶ SUSPENDED ──┐
//	DRAFT ◀──┴────────── resume ─────────┤
//	  │                                  │
//	  ├── finalize ──▶ PAID   (final)    │
//	  └── void ──────▶ VOIDED (final) ◀──┘
//
// A payment is PENDING until its provider says CAPTURED, FAILED, EXPIRED or (if
// nobody knows) UNKNOWN; CASH is CAPTURED at once. A payment that is PENDING,
// UNKNOWN or CAPTURED holds its amount: the lines freeze while there is one.
//
// # Who decides
//
// Only the terminal that holds the basket changes it. The price freezes at the
// scan; VAT rate and business date are fixed when the sale is finalized. The
// rules are those of the contract, §3; the database's own CHECKs and triggers
// refuse the same things again, for the day when a rule here has a bug.
package sale
