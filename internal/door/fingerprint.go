package door

import (
	"context"
	"crypto/sha256"
	"net/http"

	"tiem/internal/fault"
)

const maxIdempotencyKey = 128

// Fingerprint says which request an Idempotency-Key stands for: the same key
// with another hash is another request.
type Fingerprint struct {
	Key  string
	Hash [sha256.Size]byte // SHA-256(method ‖ 0 ‖ path ‖ 0 ‖ raw body)
}

// FingerprintOf is the fingerprint of a mutating request that came with an
// Idempotency-Key; false for every other. A raw route reads its body first and
// answers that error: of a body that cannot be read, the part that arrived is
// hashed.
func FingerprintOf(ctx context.Context) (Fingerprint, bool) {
	v := visitOf(ctx)
	if v.key == "" {
		return Fingerprint{}, false
	}
	var raw []byte
	if v.body != nil {
		raw, _ = v.body.all() // the error stays with the body and is met by who reads it
	}
	h := sha256.New()
	for _, part := range [][]byte{[]byte(v.method), {0}, []byte(v.path), {0}, raw} {
		h.Write(part)
	}
	return Fingerprint{Key: v.key, Hash: [sha256.Size]byte(h.Sum(nil))}, true
}

// idempotencyKey is the request's key: 1–128 visible ASCII characters, at most
// one header, mutating methods only. Anything else is a fault, because a key
// that is silently ignored lets a retry sell twice.
func idempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 || !mutating(r.Method) {
		return "", nil
	}
	bad := len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxIdempotencyKey
	for _, c := range []byte(keys[0]) {
		bad = bad || c <= ' ' || c > '~'
	}
	if bad {
		return "", fault.New(fault.Malformed, "idempotency_key_invalid",
			"the Idempotency-Key must be 1 to %d visible ASCII characters, given once", maxIdempotencyKey).
			At("Idempotency-Key").Advise("a UUID makes a good key")
	}
	return keys[0], nil
}

func mutating(method string) bool {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}
