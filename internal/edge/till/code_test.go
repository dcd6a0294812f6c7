package till

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACodeAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"7K3M-90X1", "7k3m90x1", " 7K3M 90X1 ", "7K3M-9OXI", "7k3m-9oxl", "7-K-3-M-9-0-X-1"} {
		code, ok := readCode(typed)
		require.True(t, ok, typed)
		require.Equal(t, "7K3M90X1", code, typed)
	}
	seen := map[string]bool{}
	for range 1000 {
		text := newCode()
		code, ok := readCode(text)
		require.True(t, ok)
		require.Equal(t, strings.Replace(text, "-", "", 1), code)
		seen[code] = true
	}
	require.Len(t, seen, 1000)
}

// What is read has one form, which is read as itself.
func FuzzReadCode(f *testing.F) {
	for _, seed := range []string{"7K3M-90X1", "7k3m-9oxl", "UUUU-UUUU", "", "--------", "７K3M-90X1", "ıııı-ıııı", "7K3M-90X1\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := readCode(typed)
		if !ok {
			return
		}
		require.Len(t, code, codeLength)
		for _, c := range code {
			require.Contains(t, alphabet, string(c))
		}
		again, ok := readCode(code[:4] + "-" + strings.ToLower(code[4:]))
		require.True(t, ok)
		require.Equal(t, code, again)
	})
}
