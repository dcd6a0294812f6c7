package fleet

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// newToken is 256 random bits as 64 hex digits, which need no quoting anywhere,
// and the SHA-256 to keep.
func newToken() (token string, hash []byte) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // crypto/rand never fails; it ends the program instead
	token = hex.EncodeToString(secret[:])
	return token, hashToken(token)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
