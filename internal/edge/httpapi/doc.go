// Package httpapi is the store edge's HTTP API under /v1: what tills ask. It
// translates and nothing more: who calls, JSON in, one use case, JSON out. The
// errors are faults, mapped to problems by the door.
//
// Every call carries a terminal's token. A mutating call may carry an
// Idempotency-Key; its answer is then remembered with its effect (package
// idempotency).
package httpapi
