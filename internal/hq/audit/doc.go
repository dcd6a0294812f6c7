// Package audit proves that what HQ shows of a store is what the store sent.
//
// Verify reads a store's log from event 1 and recomputes everything from its
// bytes: the hash chain up to the watermark, the rows that each applied event
// must have made, the stock as the sum of its movements, and that each sale is
// paid by its payments. It compares with its own eyes: only the reading of
// payloads is shared with the projections, not the code that writes them.
//
// It runs in one read-only snapshot, so it may run while the store sends. It
// stops at the first row that is wrong and names it; it repairs nothing.
// (A wrong hash chain is a changed log: restore it. A wrong projection over a
// good chain: hq-platform rebuild.)
package audit
