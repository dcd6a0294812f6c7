package uplink

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// foreignHQ is an HQ that does what a test says.
type foreignHQ struct {
	wirepb.UnimplementedSyncServiceServer

	answer func(grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error
}

func (s *foreignHQ) StreamEvents(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
	return s.answer(rpc)
}

// actedBy serves it and returns a way there.
func actedBy(t *testing.T, answer func(grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error) *GRPCWay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	if answer != nil {
		wirepb.RegisterSyncServiceServer(server, &foreignHQ{answer: answer})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // until it is stopped
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	way, err := NewGRPCWay(listener.Addr().String(), "secret", 5*time.Second, nil)
	require.NoError(t, err)
	return way
}

func welcome() *wirepb.Acknowledgment {
	return wirepb.FromAnswer(&wire.Answer{Credit: wire.FirstCredit, Welcome: &wire.Welcome{Epoch: 1}})
}

func TestGRPCWaySaysWhoItIs(t *testing.T) {
	t.Parallel()
	hello := &wire.Hello{StoreID: "S1", Epoch: 1, Head: 3, HeadHash: wire.Hash{1}, OldestRetained: 2, SchemaVersions: map[string]int32{"x": 1}}
	way := actedBy(t, func(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
		if got := metadata.ValueFromIncomingContext(rpc.Context(), "authorization"); len(got) != 1 || got[0] != "Bearer secret" {
			return status.Error(codes.Unauthenticated, "")
		}
		m, err := rpc.Recv()
		if err != nil {
			return err
		}
		got, err := wirepb.ReadHello(m.GetHello())
		if err != nil || got.Head != 3 || got.HeadHash != hello.HeadHash || got.OldestRetained != 2 || got.SchemaVersions["x"] != 1 {
			return status.Error(codes.InvalidArgument, "")
		}
		if err := rpc.Send(welcome()); err != nil {
			return err
		}
		_, err = rpc.Recv()
		return err
	})
	require.Equal(t, wire.GRPC, way.Protocol())
	s, answer, err := way.Open(t.Context(), hello)
	require.NoError(t, err)
	require.Equal(t, wire.FirstCredit, answer.Credit)
	s.Close()
}

// What somebody says who is not HQ, or an HQ of another version.
func TestGRPCWayGoesByTheStatusAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status codes.Code
		kind   fault.Kind
		code   string
	}{
		"a proxy whose HQ is away": {codes.Unavailable, fault.Unavailable, "hq_unreachable"},
		"cancelled":                {codes.Canceled, fault.Unavailable, "hq_unreachable"},
		"a proxy that gave up":     {codes.DeadlineExceeded, fault.Unavailable, "hq_unreachable"},
		"a proxy's bug":            {codes.Internal, fault.Unavailable, "hq_unreachable"},
		"whatever":                 {codes.Unknown, fault.Unavailable, "hq_unreachable"},
		"no such service":          {codes.Unimplemented, fault.NotFound, "hq_refused"},
		"too large":                {codes.ResourceExhausted, fault.TooLarge, "hq_refused"},
		"a proxy that wants to know": {codes.Unauthenticated, fault.Unauthorized,
			"hq_refused"},
		"a proxy that forbids": {codes.PermissionDenied, fault.Forbidden, "hq_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			greeted := false
			way := actedBy(t, func(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
				if greeted {
					_ = rpc.Send(welcome())
				}
				return status.Error(c.status, "secret of a proxy")
			})
			_, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
			require.Equal(t, c.kind, fault.KindOf(err))
			require.Equal(t, c.code, fault.CodeOf(err))
			greeted = true
			s, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
			require.NoError(t, err)
			defer s.Close()
			_, err = s.Receive(t.Context())
			require.Equal(t, c.kind, fault.KindOf(err))
			require.Equal(t, c.code, fault.CodeOf(err))
			require.NotContains(t, fault.As(err).Message, "secret")
		})
	}
}

func TestGRPCWayToAnOlderHQ(t *testing.T) {
	t.Parallel()
	_, _, err := actedBy(t, nil).Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Contains(t, fault.As(err).Hint, "HQ_GRPC_TARGET")
}

func TestGRPCWayToSomebodyElse(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]*wirepb.Acknowledgment{
		"no welcome":  wirepb.FromAnswer(&wire.Answer{Credit: 2}),
		"no hash":     {Welcome: &wirepb.Welcome{}, ChainHash: []byte{1}},
		"half an id":  {Welcome: &wirepb.Welcome{}, ChainHash: make([]byte, 32), Accepted: [][]byte{{1}}},
		"half a name": {Welcome: &wirepb.Welcome{}, ChainHash: make([]byte, 32), Errors: []*wirepb.EventError{{}}},
	} {
		way := actedBy(t, func(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
			return rpc.Send(first)
		})
		_, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
		require.Equal(t, "hq_answer_unreadable", fault.CodeOf(err), name)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), name)
	}
}

// deaf is a way to an HQ that welcomes a stream and reads nothing of it, and the
// stream.
func deaf(t *testing.T) (*GRPCWay, Stream) {
	t.Helper()
	way := actedBy(t, func(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
		_ = rpc.Send(welcome())
		<-rpc.Context().Done()
		return rpc.Context().Err()
	})
	s, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return way, s
}

// A message over the limit is told as what it is, so that the relay sends less.
func TestGRPCWayRefusesABatchOver4MiB(t *testing.T) {
	t.Parallel()
	_, s := deaf(t)
	err := s.Send(t.Context(), &wire.Batch{StoreID: "S1", Events: []wire.Event{{Payload: string(make([]byte, wire.MaxBatchBytes))}}})
	require.Error(t, err)
	_, err = s.Receive(t.Context())
	require.Equal(t, fault.TooLarge, fault.KindOf(err))
	require.Equal(t, "batch_too_large", fault.CodeOf(err))
}

// HQ reads nothing: Send ends with its context, and so does the stream.
func TestGRPCWaySendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, s := deaf(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	batch := &wire.Batch{StoreID: "S1", Events: []wire.Event{{Payload: string(make([]byte, 1<<20))}}}
	var err error
	for err == nil {
		err = s.Send(ctx, batch)
	}
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	_, err = s.Receive(t.Context())
	require.Equal(t, "hq_unreachable", fault.CodeOf(err))
}

// HQ reads nothing, and the relay gives up on it: the stream must not be closed
// beside a message that is being sent (the race detector sees it), but ended.
func TestASendThatHangsIsEndedAndNotClosedBeside(t *testing.T) {
	t.Parallel()
	way, s := deaf(t)
	p := &paper{}
	c := &conversation{Relay: New(p, nil, Ways{First: way}, Config{Timeout: 300 * time.Millisecond}, nil), stream: s}
	batch := &wire.Batch{StoreID: "S1", Events: []wire.Event{{Payload: string(make([]byte, 1<<20))}}}
	for !c.mute {
		c.give(t.Context(), func(ctx context.Context) error { return s.Send(ctx, batch) })
	}
	_, err := s.Receive(t.Context())
	require.Equal(t, codeUnreachable, fault.CodeOf(err))
}

func TestGRPCWayRefusesABadTarget(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"", "hq", "http://hq:1", ":8091", "hq:", "hq:80/x", "h q:80"} {
		_, err := NewGRPCWay(target, "secret", time.Second, nil)
		require.Equal(t, fault.Config, fault.KindOf(err), target)
		require.Equal(t, "HQ_GRPC_TARGET", fault.As(err).Field)
	}
}

// Plaintext is for one machine only.
func TestWhichTargetsAreTLS(t *testing.T) {
	t.Parallel()
	for target, plain := range map[string]bool{"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "127.9.9.9:1": true,
		"192.168.1.1:1": false, "hq.example:1": false, "localhost.example:1": false} {
		way, err := NewGRPCWay(target, "secret", time.Second, nil)
		require.NoError(t, err)
		require.Equal(t, plain, way.trust == nil, target)
	}
}

func TestTrustIsAPEMFile(t *testing.T) {
	t.Parallel()
	trust, err := ReadTrust("")
	require.NoError(t, err)
	require.Nil(t, trust)
	empty := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(empty, []byte("hello"), 0o600))
	for _, path := range []string{empty, empty + ".not"} {
		_, err := ReadTrust(path)
		require.Equal(t, "authorities_unreadable", fault.CodeOf(err))
		require.Equal(t, "SYNC_CA", fault.As(err).Field)
		require.Equal(t, 78, fault.ExitCode(err))
	}
}
