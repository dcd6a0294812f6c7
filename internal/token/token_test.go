package token_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/token"
)

func TestATokenIs256RandomBits(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		text, hash := token.New()
		bits, err := hex.DecodeString(text)
		require.NoError(t, err)
		require.Len(t, bits, 32)
		require.Equal(t, token.Hash(text), hash)
		require.False(t, seen[text], "no token twice")
		seen[text] = true
	}
}

// The hash is in every shop's database: it must never become another one.
func TestHashIsSHA256OfTheText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex.EncodeToString(token.Hash("abc")))
	require.Len(t, token.Hash(""), sha256.Size)
	require.NotEqual(t, token.Hash("abc"), token.Hash("Abc"))
	require.NotEqual(t, token.Hash("abc"), token.Hash("abc "))
}
