package uplink

import (
	"context"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

const (
	// keepaliveTime is between two pings of an idle connection: often enough for a
	// NAT, not more often than HQ allows (30 s).
	keepaliveTime    = time.Minute
	keepaliveTimeout = 20 * time.Second
	// answersWindow is how many bytes of answers may wait to be read. A fixed one
	// spares the probing pings that gRPC else sends with each message.
	answersWindow = 256 << 10
	// closeWithin bounds the farewell on a connection that nobody reads.
	closeWithin = 250 * time.Millisecond
)

// connection is a conversation's own. It keeps what went wrong below gRPC, whose
// statuses have only its text.
type connection struct {
	conn  *grpc.ClientConn
	plain bool // no TLS

	mu    sync.Mutex
	raw   net.Conn // the newest
	cause error    // of the newest dial or TLS handshake, if it failed
}

// dial makes a connection; nothing is sent before its first use.
func (w *GRPCWay) dial() (*connection, error) {
	c := &connection{plain: w.trust == nil}
	secure := insecure.NewCredentials()
	if w.trust != nil {
		secure = &witness{TransportCredentials: credentials.NewTLS(w.trust), told: c.failed}
	}
	var err error
	c.conn, err = grpc.NewClient("passthrough:///"+w.target, // names are looked up by the dialer, at each try
		grpc.WithTransportCredentials(secure),
		grpc.WithContextDialer(c.reach),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(), grpc.WithIdleTimeout(0), // the relay decides what is tried again
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: time.Hour, Multiplier: 1, MaxDelay: time.Hour}, MinConnectTimeout: w.timeout}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true}),
		grpc.WithStaticStreamWindowSize(answersWindow), grpc.WithStaticConnWindowSize(answersWindow),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxBatchBytes), grpc.MaxCallSendMsgSize(wire.MaxBatchBytes)),
		grpc.WithUserAgent("tiem-edge"))
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "hq_grpc_target_invalid", "is not an address").At(targetSetting)
	}
	return c, nil
}

func (c *connection) reach(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, "tcp", address)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw, c.cause = raw, err
	return raw, err
}

func (c *connection) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cause = err
}

// explain is what a failed opening means.
func (c *connection) explain(opening context.Context, err error) error {
	c.mu.Lock()
	cause := c.cause
	c.mu.Unlock()
	switch {
	case refusedBy(err) || fault.As(err) != nil:
		return refusalOf(err)
	case cause != nil:
		return unreachable(cause, targetSetting, "HQ's gRPC port cannot be reached")
	case opening.Err() != nil:
		return unreachable(context.Cause(opening), targetSetting, "HQ's gRPC port does not answer")
	}
	f := fault.As(refusalOf(err))
	if c.plain && f.Hint == "" { // TLS answers plaintext with noise
		f.Hint = "this line speaks no TLS: if HQ has a certificate (HQ_TLS_CERT), set SYNC_CA to the file of its authority"
	}
	return f
}

// close says good-bye, but not for long: an unread connection is cut.
func (c *connection) close() {
	cut := time.AfterFunc(closeWithin, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.raw != nil {
			_ = c.raw.Close()
		}
	})
	_ = c.conn.Close() // nothing is lost by it
	cut.Stop()
}

// witness keeps a handshake's error, which gRPC turns into text.
type witness struct {
	credentials.TransportCredentials

	told func(error)
}

// ClientHandshake implements credentials.TransportCredentials.
func (w *witness) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		w.told(err)
	}
	return secured, info, err
}

// Clone implements credentials.TransportCredentials.
func (w *witness) Clone() credentials.TransportCredentials {
	return &witness{TransportCredentials: w.TransportCredentials.Clone(), told: w.told}
}
