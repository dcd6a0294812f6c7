// Package checkout is the counter: it opens baskets, adds and changes lines,
// takes payments, and finalizes a sale. The rules are pure and live in sale,
// pricing and stock; here they meet the database.
//
// # One change, one transaction
//
// Every change runs the same way (lock.go, change.go): one round trip locks the
// idempotency key and the transaction row and reads all of it; then the clock is
// read once, the rules are asked, and what changed is queued to be written
// together with COMMIT, the second round trip. A cashier who has seen the answer
// has seen a durable commit.
//
// # Finalize
//
// finalize.go is the heart of the store: state, tax lines, receipt number and
// stock change, and SaleRecorded, InventoryAdjusted and the cash's
// PaymentCaptured are appended to the outbox, in one transaction or not at all.
// The goods and the receipt number are taken by the first round trip already,
// ahead of the rules, because the events tell of them; a refusal rolls back.
// Lock order: idempotency key → transaction → inventory rows by item → receipt
// counter → outbox head.
//
// If COMMIT's answer is lost, finalize looks the transaction up instead of
// trying again: it is PAID with its receipt, or it is not.
//
// # Payments from a provider
//
// No remote call runs inside a transaction. The PENDING payment is committed,
// with the answer under its Idempotency-Key; then the provider is asked, then the
// code is written, into the payment and into the stored answer. A crash in between
// leaves a PENDING payment without a QR; the till's retry, with the same id or
// Idempotency-Key, picks it up.
//
// # Baskets that wait, move, or are given up
//
// A basket lives here and not at a till: suspend.go parks it, resume.go gives it
// to whichever till asks, also when the one that holds it died over it. Who acts
// stands on each line, payment and event; opened_by stays. override.go changes
// a line's price and void.go gives a basket up, each by permission and with a
// record: line_overrides, the audit log, and BasketVoided for HQ.
//
// # Printing
//
// print.go counts the prints of a paid sale: the first is the original, and
// what is printed after a crash is a copy.
package checkout
