package grpcapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
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
	defaultAge    = 30 * time.Minute
	helloTimeout  = 10 * time.Second       // from the stream's beginning to its hello
	lookupTimeout = 3 * time.Second        // of a token
	drainTimeout  = 3 * time.Second        // at shutdown, for what is on its way: of the 4 s that HQ's listeners have
	cutTimeout    = 500 * time.Millisecond // behind that, for streams that were cut
	signOfLife    = 2 * time.Second        // between two words to a store that waits: it gives up on silence after 5 s (SYNC_TIMEOUT)
	ageGrace      = 30 * time.Second       // for a connection that stays after it was asked to go
	trust         = 30 * time.Second       // in a token that was good when it was looked at
	callsAtOnce   = 16                     // of one connection: its stream, and people's questions
	// window is how many bytes a store may send that the stream has not read yet. A
	// fixed one spares the probing pings that gRPC else sends with each message; a
	// backlog's batches are read as they come, so that it is never the limit.
	window        = 1 << 20
	pingsAtMost   = 30 * time.Second // between a store's pings; more often ends its connection
	pingAfter     = 2 * time.Minute  // of silence, to forget stores that are gone
	pingTimeout   = 20 * time.Second
	handshakeTime = 10 * time.Second
	maxHeaders    = 64 << 10 // bytes of a call's headers, as of an HTTP request's
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
	lobby    room // of streams whose token is looked up
	heavy    room // of batches that are decoded or made ready

	helloWithin, lookupWithin, drainWithin, cutWithin, livesEvery, trustFor time.Duration
}

// New puts a server together.
func New(parts Parts) *Server {
	parts.Age = cmp.Or(parts.Age, defaultAge)
	s := &Server{parts: parts, log: parts.Logger, metrics: newMetrics(parts.Registry), draining: make(chan struct{}),
		lobby: make(room, admittedAtOnce), heavy: newHeavy(),
		helloWithin: helloTimeout, lookupWithin: lookupTimeout, drainWithin: drainTimeout, cutWithin: cutTimeout, livesEvery: signOfLife, trustFor: trust}
	secure := insecure.NewCredentials()
	if parts.TLS != nil {
		secure = quiet{credentials.NewTLS(parts.TLS), parts.Logger}
	}
	s.server = grpc.NewServer(
		grpc.Creds(secure), grpc.ForceServerCodecV2(inTurn{wirepb.Codec(), s.heavy}),
		grpc.MaxRecvMsgSize(wire.MaxBatchBytes), grpc.MaxSendMsgSize(wire.MaxBatchBytes), grpc.MaxHeaderListSize(maxHeaders),
		grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window),
		grpc.MaxConcurrentStreams(callsAtOnce), grpc.ConnectionTimeout(handshakeTime),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsAtMost, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout, MaxConnectionAge: connectionAge(parts.Age), MaxConnectionAgeGrace: ageGrace}),
		grpc.UnaryInterceptor(s.catchCall), grpc.StreamInterceptor(s.catchStream),
		grpc.WaitForHandlers(true))
	wirepb.RegisterSyncServiceServer(s.server, s)
	grpc_health_v1.RegisterHealthServer(s.server, &health{server: s})
	reflection.Register(s.server)
	return s
}

// Serve answers on listener until ctx is done. Then it asks every stream to go,
// waits for them up to three seconds, cuts what is left, and returns nil. The
// listener is closed. A stream that waits for a COMMIT outlives the cut for as
// long as the database may take to answer that (postgres.DB.InTx): it is waited
// for another half a second, and then no more, as nothing depends on it.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(pace(listener)) }()
	select {
	case err := <-failed:
		s.server.Stop()
		return fault.Wrap(err, fault.Unavailable, "listener_failed", "the listener at %s failed", listener.Addr())
	case <-ctx.Done():
	}
	if !s.drain(ctx) {
		return nil
	}
	if err := <-failed; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // it was stopped before it began
		return fault.Wrap(err, fault.Unavailable, "listener_failed", "the listener at %s failed", listener.Addr())
	}
	return nil
}

// connectionAge is the age at which gRPC itself closes a connection, give or take
// its own tenth: behind that of every stream on it, which goes by itself.
func connectionAge(stream time.Duration) time.Duration { return stream + stream*3/10 }

// drain lets the streams go, and tells whether all have ended.
func (s *Server) drain(ctx context.Context) bool {
	s.stop.Do(func() { close(s.draining) })
	if within(s.drainWithin, s.server.GracefulStop) {
		return true
	}
	s.log.WarnContext(ctx, "streams were cut at shutdown", "after_ms", s.drainWithin.Milliseconds())
	if within(s.cutWithin, s.server.Stop) {
		return true
	}
	s.log.WarnContext(ctx, "streams wait for the database and are left", "after_ms", s.cutWithin.Milliseconds())
	return false
}

// within tells whether f was done in time; it goes on if not.
func within(patience time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done:
		return true
	case <-late.C:
		return false
	}
}
