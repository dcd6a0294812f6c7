package door

import (
	"bytes"
	"context"
	stdlog "log"
	"log/slog"
)

// errorLog takes what net/http has to complain about: as warnings, but failed TLS
// handshakes at debug. Whoever reaches the port can make as many of those as they
// like, and a port scan is no news.
func errorLog(log *slog.Logger) *stdlog.Logger {
	return stdlog.New(complaints{log, slog.NewLogLogger(log.Handler(), slog.LevelWarn)}, "", 0)
}

type complaints struct {
	log  *slog.Logger
	warn *stdlog.Logger
}

// Write implements io.Writer; each call is a line.
func (c complaints) Write(line []byte) (int, error) {
	text := bytes.TrimSpace(line)
	if reason, ok := bytes.CutPrefix(text, []byte("http: TLS handshake error ")); ok {
		c.log.DebugContext(context.Background(), "a TLS handshake failed", "error", string(reason))
	} else {
		c.warn.Print(string(text))
	}
	return len(line), nil
}
