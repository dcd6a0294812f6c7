package grpcapi

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"tiem/internal/wire/wirepb"
)

// Streams are asked to go; what is on its way is answered, and HQ waits for it.
func TestAStoppingServerDrains(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 1)
	s, _ := h.greet(t, shop)
	other, _ := h.greet(t, shopOf("S2", 0))
	release := h.hold(t)
	s.send(shop.All())
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	require.True(t, other.hear().Drain)
	other.closed()
	select {
	case <-stopped:
		require.Fail(t, "HQ did not wait for the batch on its way")
	default:
	}
	release()
	first, second := s.hear(), s.hear()
	if first.Drain && first.FirstID == 0 {
		first, second = second, first
	}
	require.EqualValues(t, 1, first.FirstID, "in either order")
	require.True(t, second.Drain)
	s.closed()
	<-stopped
	require.InDelta(t, 2, h.ended(t, endDrained), 0)
}

func TestAStreamThatStaysIsCut(t *testing.T) {
	h := setup(t)
	h.drainWithin = 50 * time.Millisecond
	s, _ := h.greet(t, shopOf("S1", 0))
	h.stop()
	require.True(t, s.hear().Drain)
	_, err := s.rpc.Recv()
	require.Error(t, err)
	require.NotErrorIs(t, err, io.EOF)
	require.InDelta(t, 1, h.ended(t, endDrained), 0)
}

func TestAnOldStreamIsAskedToGoOnce(t *testing.T) {
	h := setup(t, func(p *Parts) { p.Age = 30 * time.Millisecond })
	shop := shopOf("S1", 1)
	s, welcome := h.greet(t, shop)
	require.False(t, welcome.Drain)
	a := s.hear()
	require.True(t, a.Drain)
	require.Zero(t, a.FirstID)
	s.send(shop.All()) // it was on its way
	a = s.hear()
	require.EqualValues(t, 3, a.ReceivedUpto)
	require.True(t, a.Drain, "HQ still wants it")
	s.closed()
}

func TestStreamsDoNotEndInStep(t *testing.T) {
	t.Parallel()
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		age := spread(10 * time.Minute)
		least, most = min(least, age), max(most, age)
	}
	require.GreaterOrEqual(t, least, 9*time.Minute)
	require.LessOrEqual(t, most, 11*time.Minute)
	require.Greater(t, most-least, time.Minute)
}

func TestHealthIsReadys(t *testing.T) {
	var away error
	h := setup(t, func(p *Parts) {
		p.Ready = func(context.Context) error {
			if away != nil && away.Error() == "panic" {
				panic("a bug")
			}
			return away
		}
	})
	client := grpc_health_v1.NewHealthClient(h.dial(t))
	check := func(service string) (grpc_health_v1.HealthCheckResponse_ServingStatus, codes.Code) {
		answer, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		return answer.GetStatus(), status.Code(err)
	}
	for _, service := range []string{"", wirepb.SyncService_ServiceDesc.ServiceName} {
		said, code := check(service)
		require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, said)
		require.Equal(t, codes.OK, code)
	}
	_, code := check("other")
	require.Equal(t, codes.NotFound, code)
	away = errors.New("no database")
	said, _ := check("")
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, said)
	away = errors.New("panic")
	_, code = check("")
	require.Equal(t, codes.Internal, code, "and the process lives")
	away = nil
	said, _ = check("")
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, said)
	close(h.draining)
	h.Server.stop.Do(func() {})
	said, _ = check("")
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, said, "a stopping HQ wants no new streams")
}

func TestReflectionListsTheService(t *testing.T) {
	h := setup(t)
	stream, err := grpc_reflection_v1.NewServerReflectionClient(h.dial(t)).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}))
	answer, err := stream.Recv()
	require.NoError(t, err)
	names := []string{}
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	require.Contains(t, names, "tiem.sync.v1.SyncService")
	require.NoError(t, stream.CloseSend())
}

// A database that hangs holds HQ's stop no longer than a few seconds: COMMIT waits
// for its answer whatever becomes of the stream, and nobody waits for that.
func TestAStoppingServerDoesNotWaitForADatabaseThatHangs(t *testing.T) {
	h := setup(t)
	h.drainWithin, h.cutWithin = 50*time.Millisecond, 50*time.Millisecond
	shop := shopOf("S1", 1)
	s, _ := h.greet(t, shop)
	release := h.hold(t)
	s.send(shop.All())
	thaw := h.freezeWaiting(t)
	begun := time.Now()
	h.stop()
	require.Less(t, time.Since(begun), patience)
	thaw()
	release()
	require.Eventually(t, func() bool { return h.ended(t, endDrained)+h.ended(t, endLost)+h.ended(t, endRefused) == 1 }, 3*patience, time.Millisecond, "its end is only not waited for")
}
