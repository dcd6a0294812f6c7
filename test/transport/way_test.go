package transport

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/wire"
)

func TestTheEdgesWayAgainstThisServer(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	shop := shopOf(4)
	stream, welcome := begin(t, o.grpc(t, o.app.GRPCAddr()), shop)
	require.Equal(t, wire.FirstCredit, welcome.Credit)
	require.EqualValues(t, 1, welcome.Welcome.Epoch)
	require.NoError(t, stream.Send(t.Context(), shop.Batch(1, 3)))
	require.NoError(t, stream.Send(t.Context(), shop.Batch(4, 6)))
	require.NoError(t, stream.Ask(t.Context(), shop.Head(), true))
	for _, first := range []int64{1, 4, 0} {
		a, err := stream.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, first, a.FirstID)
		require.Equal(t, shop.HashAt(a.ReceivedUpto), a.ChainHash)
	}
	require.NoError(t, stream.Send(t.Context(), shop.Batch(9, 12)))
	_, err := stream.Receive(t.Context())
	require.Equal(t, wire.CodeGap, fault.CodeOf(err))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.Equal(t, int64(7), fault.As(err).Details["expected_id"])
	require.Equal(t, shop.HashAt(6), fault.As(err).Details["chain_hash"])
	require.Eventually(t, func() bool { return stream.Send(t.Context(), shop.Batch(7, 9)) != nil }, patience, time.Millisecond)
	_, again := stream.Receive(t.Context())
	require.Equal(t, wire.CodeGap, fault.CodeOf(again), "the reason stays")
}

// The store's good-bye is heard as such.
func TestAClosedWayIsNoLostStream(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	stream, _ := begin(t, o.grpc(t, o.app.GRPCAddr()), shopOf(0))
	stream.Close()
	stream.Close()
	require.Eventually(t, func() bool { return o.ended(t, "closed") == 1 }, patience, time.Millisecond)
	_, err := stream.Receive(t.Context())
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Error(t, stream.Send(t.Context(), shopOf(1).All()))
}

func TestAWayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	way := o.grpc(t, o.app.GRPCAddr())
	ctx, cancel := context.WithCancel(t.Context())
	stream, _, err := way.Open(ctx, hello(shopOf(0)))
	require.NoError(t, err)
	t.Cleanup(stream.Close)
	cancel()
	require.NoError(t, stream.Ask(t.Context(), 0, false), "the opening's context is not the stream's")
	_, err = stream.Receive(t.Context())
	require.NoError(t, err)

	ctx, cancel = context.WithCancel(t.Context())
	heard := make(chan error, 1)
	go func() {
		_, err := stream.Receive(ctx)
		heard <- err
	}()
	cancel()
	require.Equal(t, "hq_unreachable", fault.CodeOf(<-heard))
}
