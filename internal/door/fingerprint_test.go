package door

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func hashOf(method, path, body string) [32]byte {
	return sha256.Sum256([]byte(method + "\x00" + path + "\x00" + body))
}

func TestFingerprint(t *testing.T) {
	f := newFixture(t)
	const body = `{"amount": 1}`
	for _, c := range []struct{ path, body string }{
		{"/v1/sales", body},
		{"/v1/sales/7/finalize", ""},
		{"/v1/sales/7/finalize", "{ }"},
	} {
		a := f.do(t, http.MethodPost, c.path+"?x=1", c.body, "Idempotency-Key", "till-1!~")
		require.Equal(t, 200, a.StatusCode, a.text)
		out := a.json(t)
		want := hashOf(http.MethodPost, c.path, c.body)
		require.Equal(t, "till-1!~", out["key"])
		require.Equal(t, base64.StdEncoding.EncodeToString(want[:]), out["hash"])
	}
	require.NotContains(t, f.do(t, http.MethodPost, "/v1/sales", body).json(t), "key")
	_, ok := FingerprintOf(t.Context())
	require.False(t, ok)
}

func TestIdempotencyKey(t *testing.T) {
	f := newFixture(t)
	for _, bad := range []string{"", " ", "a b", "tiệm", "a\tb", "\x7f", strings.Repeat("k", 129)} {
		a := f.do(t, http.MethodPost, "/v1/sales", `{"amount":1}`, "Idempotency-Key", bad)
		require.Equal(t, "Idempotency-Key", a.problem(t, 400, "idempotency_key_invalid")["field"])
	}
	require.Equal(t, 200, f.do(t, http.MethodPost, "/v1/sales", `{"amount":1}`, "Idempotency-Key", strings.Repeat("k", 128)).StatusCode)
	require.Equal(t, 200, f.do(t, http.MethodGet, "/v1/sales?limit=1", "", "Idempotency-Key", "a b").StatusCode, "reading needs no key")
}
