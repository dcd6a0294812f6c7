// Package token makes and hashes the bearer tokens of terminals, stores, sessions
// and approvals. A token is 256 random bits, so a plain SHA-256 is a safe way to keep
// it: there is nothing to guess, and a look-up by hash is one indexed read. The
// token itself is shown once and kept nowhere.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// New returns a fresh token, as 64 hex digits, which need no quoting anywhere,
// and its hash.
func New() (text string, hash []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts instead
	text = hex.EncodeToString(b[:])
	return text, Hash(text)
}

// Hash is the SHA-256 of a token, as it is stored.
func Hash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
