package door

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is thrown at an operation, it answers: with success, or with a
// problem that is the client's fault.
func FuzzOperation(f *testing.F) {
	for _, seed := range []string{
		`{"amount":1}`, `{"amount":1e400}`, `{"amount":1,"lines":[{"barcode":"x","quantity":"1.5"}],"note":null,"method":"QR","id":""}`,
		`{"Amount":1}`, `{"amount":1,"amount":1}`, `{"":1}`, `{"amount":{"0":[{"a/b":"~"}]}}`, "\xff", "null", "[[]]", `"\ud800"`,
		`{"amount":1,"note":"\u0000"}`, "{}{}", "-0", `{"amount":-0}`, `{"amount":9223372036854775808}`, `{"a.b":1,"a[0]":{}}`,
	} {
		f.Add([]byte(seed), "application/json", "")
	}
	f.Add([]byte(`{}`), "text/plain; x=\"", "key")
	fx := newFixture(f)
	f.Fuzz(func(t *testing.T, body []byte, media, key string) {
		headers := []string{"Content-Type", media}
		if key != "" {
			headers = append(headers, "Idempotency-Key", key)
		}
		a := fx.do(t, http.MethodPost, "/v1/sales", string(body), headers...)
		require.Less(t, a.StatusCode, 500, a.text)
		answered := a.json(t)
		require.NoError(t, checkJSON([]byte(a.text)))
		if a.StatusCode == http.StatusOK {
			require.NoError(t, checkJSON(body), "only sound JSON gets in")
			return
		}
		require.Equal(t, problemType, a.Header.Get("Content-Type"))
		require.NotEmpty(t, answered["code"])
		require.NotEmpty(t, answered["detail"])
		require.NotContains(t, answered["detail"], "door:")
		require.NotContains(t, answered["detail"], "jsontext")
	})
}
