package sim

import (
	"context"
	"strings"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// The flags that say where the two ends of a running shop's line are.
const flagLine, flagLineGRPC = "--line", "--line-grpc"

// How long a running shop may take to come over its line. It looks for HQ about
// every second (HEALTH_INTERVAL). Its relay may be in a pause (SYNC_RETRY_MAX: 30 s)
// when the line comes up, unless it hears of that.
const probePatience, streamPatience = 5 * time.Second, 40 * time.Second

// used makes sure that a running shop goes by the line: with its probes, and with
// its events over whatever protocol it speaks. Otherwise nothing would be broken,
// and a run would prove nothing: a fault of kind Config (line_bypassed, line_unused).
// say is told what is waited for.
func (l *Line) used(ctx context.Context, store Store, say func(format string, args ...any)) error {
	edge := NewEdgeClient(store.EdgeURL, store.Tills[0].Token)
	defer edge.Close()
	status, err := edge.Status(ctx)
	if err != nil {
		return err
	}
	ways := l.ways
	switch speaksGRPC := status.Protocol == wire.GRPC || status.FallbackActive; {
	case !speaksGRPC:
		ways = ways[:1]
	case len(ways) == 1:
		return fault.New(fault.Config, "line_bypassed", "the shop's events travel over gRPC, past the line at %s", ways[0].listener.Addr()).At(flagLine).
			Advise("start the shop with HQ_URL=%s and HQ_GRPC_TARGET=HOST:PORT, and give that, too, with --line-grpc; or start it with SYNC_PROTOCOL=http HQ_URL=%s",
				l.URL(), l.URL())
	}
	for _, way := range ways {
		if err := l.await(ctx, way, say); err != nil {
			return err
		}
	}
	return nil
}

// await waits for the shop's first call on way; nobody calls: a fault of kind
// Config (line_unused).
func (l *Line) await(ctx context.Context, way *lineEnd, say func(format string, args ...any)) error {
	select {
	case <-way.called:
		return nil
	default:
		say("waiting for the shop to come over the line at %s for up to %s", way.listener.Addr(), way.patience)
	}
	timer := time.NewTimer(way.patience)
	defer timer.Stop()
	select {
	case <-way.called:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	setting := "HEALTH_INTERVAL"
	if way.flag == flagLineGRPC {
		setting = "SYNC_RETRY_MAX"
	}
	return fault.New(fault.Config, "line_unused", "nobody came over the line at %s within %s: the shop does not go by it", way.listener.Addr(), way.patience).At(way.flag).
		Advise("start the shop with %s; if its %s is longer than that, it may only not have called yet: try again", strings.Join(l.Settings(""), " "), setting)
}
