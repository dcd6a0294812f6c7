package door

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// logTo is a log of everything from level on.
func logTo(out *bytes.Buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
}

// Whoever reaches the port could fill the log by it.
func TestFailedHandshakesAreNoNews(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := errorLog(logTo(&out, slog.LevelInfo))
	log.Printf("http: TLS handshake error from %s: EOF", "192.0.2.1:7")
	require.Empty(t, out.String())
	log.Printf("http: Accept error: %v; retrying", errors.New("too many open files"))
	require.Contains(t, out.String(), "level=WARN")
	require.Contains(t, out.String(), "too many open files")
	out.Reset()
	errorLog(logTo(&out, slog.LevelDebug)).Print("http: TLS handshake error from 192.0.2.1:7: EOF")
	require.Contains(t, out.String(), "192.0.2.1:7")
}

// A renewed certificate that cannot be read is told once, not at each handshake.
func TestAnUnreadableCertificateIsToldOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "cert.pem")
	before := &tls.Certificate{}
	c := &Certificate{certFile: file, keyFile: file, log: logTo(&out, slog.LevelInfo), current: before}
	told := func() int { return strings.Count(out.String(), "level=WARN") }
	for _, half := range []string{"-----BEGIN", "-----BEGIN CERTIFICATE"} {
		require.NoError(t, os.WriteFile(file, []byte(half), 0o600))
		had := told()
		for range 3 {
			require.Same(t, before, c.now(t.Context()))
		}
		require.Equal(t, had+1, told())
	}
	require.NoError(t, os.Remove(file))
	for range 3 {
		c.now(t.Context())
	}
	require.Equal(t, 3, told(), "and that it is gone")
}
