package door

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"tiem/internal/fault"
)

const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	writeTimeout   = time.Minute // from the end of the headers; KeepOpen lifts it
	maxHeaderBytes = 64 << 10
	drainTimeout   = 10 * time.Second
)

type drainKey struct{}

// Serve answers on ln with h until ctx is done; then it takes no new
// connections, lets the running requests finish for up to ten seconds, cuts what
// is left, and returns nil. The requests' contexts do not end with ctx: a sale
// that is being finalized is finished. ln is closed.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	return serve(ctx, ln, h, log, drainTimeout)
}

func serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger, drain time.Duration) error {
	draining := make(chan struct{})
	base := context.WithValue(context.WithoutCancel(ctx), drainKey{}, (<-chan struct{})(draining))
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, WriteTimeout: writeTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: errorLog(log),
		BaseContext: func(net.Listener) context.Context { return base },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()

	select {
	case err := <-failed:
		return fault.Wrap(err, fault.Unavailable, "listener_failed", "the listener at %s failed", ln.Addr())
	case <-ctx.Done():
	}
	close(draining)
	grace, cancel := context.WithTimeout(base, drain)
	defer cancel()
	if err := server.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		log.WarnContext(base, "requests were cut at shutdown", "address", ln.Addr().String(), "after_ms", drain.Milliseconds())
		_ = server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(err, fault.Unavailable, "listener_failed", "the listener at %s failed", ln.Addr())
	}
	return nil
}

// Draining is closed when the server wants to stop: a stream ends its answer
// then, so that the shutdown need not wait for it. Outside Serve it is nil,
// which blocks for ever.
func Draining(ctx context.Context) <-chan struct{} {
	ch, _ := ctx.Value(drainKey{}).(<-chan struct{})
	return ch
}

// KeepOpen lifts the server's limit on how long an answer may take, for streams.
func KeepOpen(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a recorder has no deadline to lift
}
