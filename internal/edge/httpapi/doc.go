// Package httpapi is the store edge's HTTP API under /v1: what tills ask. It
// translates and nothing more: who calls, JSON in, one use case, JSON out. The
// errors are faults, mapped to problems by the door.
//
// Every call carries a terminal's token, but for the one that gets a terminal its
// token. Whatever somebody answers for carries their session, too (admission.go
// is who may ask what; roles_test.go is the table of all routes). A mutating call
// may carry an Idempotency-Key; its answer is then remembered with its effect
// (package idempotency). Calls that carry a PIN, or answer with a secret, are
// never remembered, nor told apart by their bodies: /v1/sessions, /v1/approvals,
// /v1/pairing-codes, /v1/terminals.
package httpapi
