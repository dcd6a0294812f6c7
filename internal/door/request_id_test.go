package door

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
)

func TestRequestID(t *testing.T) {
	f := newFixture(t)
	var seen string
	f.Router().Get("/raw", func(_ http.ResponseWriter, r *http.Request) { seen = RequestID(r.Context()) })
	for given, kept := range map[string]bool{
		"till-7:42_a.b": true, strings.Repeat("x", 128): true,
		"": false, "a b": false, "a\"b": false, "tiệm": false, strings.Repeat("x", 129): false,
	} {
		a := f.do(t, http.MethodGet, "/raw", "", "X-Request-Id", given)
		id := a.Header.Get("X-Request-Id")
		require.Equal(t, seen, id)
		require.Equal(t, id, f.log.last(t)["request_id"])
		if kept {
			require.Equal(t, given, id)
			continue
		}
		parsed, err := uuid.FromString(id)
		require.NoError(t, err, given)
		require.Equal(t, uuid.V7, parsed.Version())
	}
	require.Empty(t, RequestID(t.Context()))
}

func TestBearer(t *testing.T) {
	for header, token := range map[string]string{
		"Bearer abc": "abc", "bearer  abc ": "abc", "Bearer": "", "Basic abc": "", "": "", "Bearerabc": "",
	} {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		require.Equal(t, token, Bearer(r), header)
	}
	require.Empty(t, BearerOf(t.Context()))
}
