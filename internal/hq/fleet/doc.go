// Package fleet is the chain's stores as HQ knows them: who may speak for a
// store, and how far HQ has each store's log.
//
// A store has one token of 256 random bits. It is shown once, when it is issued,
// and kept as its SHA-256: whoever reads the database cannot speak for a store.
// A token that random needs no slow hash and can be looked up by an index.
// Rotate replaces it, and from that commit on the old one is refused: nothing is
// cached.
//
// The epoch of a store is issued here and counts from 1. A box that sends with
// another one is fenced by the intake. (Replacing a box, which issues the next
// epoch, comes with its own issue.)
//
// A store's heartbeat (Hear) says where its log ends and how its clock stands.
// Both are its own word: they are shown (lag_events, clock_offset_ms) and decide
// nothing. What HQ has is the stream's watermark alone.
//
// What may go wrong: an unknown token is unauthorized, a store that is there
// already is a conflict; both are said, nothing is guessed.
package fleet
