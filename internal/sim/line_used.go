package sim

import (
	"context"
	"strings"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// linePatience is how long a running shop may take to come over its line: one
// that found nobody there asks again every few seconds.
const linePatience = 5 * time.Second

// used makes sure that a running shop goes by the line: with its probes, and with
// its events over whatever protocol it speaks. Otherwise nothing would be broken,
// and a run would prove nothing: a fault of kind Config (line_bypassed, line_unused).
func (l *Line) used(ctx context.Context, store Store) error {
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
		return fault.New(fault.Config, "line_bypassed", "the shop's events travel over gRPC, past the line at %s", ways[0].listener.Addr()).At("--line").
			Advise("start the shop with HQ_URL=%s and HQ_GRPC_TARGET=HOST:PORT, and give that, too, with --line-grpc; or start it with SYNC_PROTOCOL=http HQ_URL=%s",
				l.URL(), l.URL())
	}
	for _, way := range ways {
		if err := l.await(ctx, way, linePatience); err != nil {
			return err
		}
	}
	return nil
}

// await waits for the shop's first call on way; nobody calls: a fault of kind
// Config (line_unused).
func (l *Line) await(ctx context.Context, way *lineEnd, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-way.called:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	}
	flag := "--line"
	if way != l.ways[0] {
		flag = "--line-grpc"
	}
	return fault.New(fault.Config, "line_unused", "nobody came over the line at %s within %s: the shop does not go by it", way.listener.Addr(), patience).At(flag).
		Advise("start the shop with %s", strings.Join(l.Settings(""), " "))
}
