package grpcapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/intake"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

const (
	defaultAge   = 30 * time.Minute
	helloTimeout = 10 * time.Second // from the stream's beginning to its hello
	drainTimeout = 10 * time.Second // at shutdown, for what is on its way
	cutTimeout   = 3 * time.Second  // behind that, for streams that were cut
	signOfLife   = 2 * time.Second  // between two words to a store that waits: it gives up on silence after 5 s (SYNC_TIMEOUT)
	ageGrace     = 30 * time.Second // for a connection that stays after it was asked to go
	callsAtOnce  = 16               // of one connection: its stream, and people's questions
	// window is how many bytes a store may send that the stream has not read yet. A
	// fixed one spares the probing pings that gRPC else sends with each message; a
	// backlog's batches are read as they come, so that it is never the limit.
	window        = 1 << 20
	pingsAtMost   = 30 * time.Second // between a store's pings; more often ends its connection
	pingAfter     = 2 * time.Minute  // of silence, to forget stores that are gone
	pingTimeout   = 20 * time.Second
	handshakeTime = 10 * time.Second
)

// Parts are what the interface is made of.
type Parts struct {
	Fleet    *fleet.Fleet
	Intake   *intake.Intake
	Ready    func(context.Context) error // of /ready
	Age      time.Duration               // of a stream, about, until it is asked to open anew (HQ_CONNECTION_AGE); 0: 30 min
	TLS      *tls.Config                 // nil: plaintext
	Logger   *slog.Logger
	Registry prometheus.Registerer
}

// Server is HQ's gRPC listener. It serves once.
type Server struct {
	wirepb.UnimplementedSyncServiceServer

	parts    Parts
	log      *slog.Logger
	server   *grpc.Server
	metrics  metrics
	draining chan struct{} // closed when the server wants to stop
	stop     sync.Once

	helloWithin, drainWithin, cutWithin, livesEvery time.Duration
}

// New puts a server together.
func New(parts Parts) *Server {
	parts.Age = cmp.Or(parts.Age, defaultAge)
	s := &Server{parts: parts, log: parts.Logger, metrics: newMetrics(parts.Registry), draining: make(chan struct{}),
		helloWithin: helloTimeout, drainWithin: drainTimeout, cutWithin: cutTimeout, livesEvery: signOfLife}
	secure := insecure.NewCredentials()
	if parts.TLS != nil {
		secure = credentials.NewTLS(parts.TLS)
	}
	s.server = grpc.NewServer(
		grpc.Creds(secure),
		grpc.MaxRecvMsgSize(wire.MaxBatchBytes), grpc.MaxSendMsgSize(wire.MaxBatchBytes),
		grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window),
		grpc.MaxConcurrentStreams(callsAtOnce), grpc.ConnectionTimeout(handshakeTime),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsAtMost, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout, MaxConnectionAge: parts.Age + parts.Age/5, MaxConnectionAgeGrace: ageGrace}),
		grpc.UnaryInterceptor(s.catchCall), grpc.StreamInterceptor(s.catchStream),
		grpc.WaitForHandlers(true))
	wirepb.RegisterSyncServiceServer(s.server, s)
	grpc_health_v1.RegisterHealthServer(s.server, &health{server: s})
	reflection.Register(s.server)
	return s
}

// Serve answers on listener until ctx is done. Then it asks every stream to go,
// waits for them up to ten seconds, cuts what is left, and returns nil. The
// listener is closed.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(listener) }()
	select {
	case err := <-failed:
		s.server.Stop()
		return fault.Wrap(err, fault.Unavailable, "listener_failed", "the listener at %s failed", listener.Addr())
	case <-ctx.Done():
	}
	s.drain(ctx)
	if err := <-failed; err != nil {
		return fault.Wrap(err, fault.Unavailable, "listener_failed", "the listener at %s failed", listener.Addr())
	}
	return nil
}

func (s *Server) drain(ctx context.Context) {
	s.stop.Do(func() { close(s.draining) })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.server.GracefulStop()
	}()
	patience := time.NewTimer(s.drainWithin)
	defer patience.Stop()
	select {
	case <-stopped:
		return
	case <-patience.C:
	}
	s.log.WarnContext(ctx, "streams were cut at shutdown", "after", s.drainWithin)
	s.server.Stop()
	<-stopped
}
