package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{"127.0.0.1": true, "127.8.9.10": true, "::1": true, "localhost": true,
		"0.0.0.0": false, "::": false, "192.168.1.5": false, "hq.example.com": false, "": false} {
		require.Equal(t, want, wire.Loopback(host), host)
	}
}
