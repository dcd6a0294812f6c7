//go:build unix

package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLastWords(t *testing.T) {
	t.Parallel()
	require.Empty(t, lastWords(""))
	require.Empty(t, lastWords("LOG:  starting\nFATAL:  the database system is starting up\n"))
	require.Equal(t, "2 FATAL:  b; 3 PANIC:  c", lastWords("1 FATAL:  a\n2 FATAL:  b\nDETAIL:  x\n3 PANIC:  c\nFATAL:  the database system is shutting down\nLOG:  down\n"))
}
