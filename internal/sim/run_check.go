package sim

import (
	"context"
	"net"
	"slices"

	"tiem/internal/fault"
	"tiem/internal/sim/scenario"
	"tiem/internal/wire"
)

// Check finds what cannot be, before anything is started: a fault of kind Usage.
func (o RunOptions) Check() error {
	if err := scenario.Check(o.Events, o.Terminals, o.Closes); err != nil {
		return err
	}
	ofLine := func(e scenario.Event) bool { return e.Kind != scenario.Dying && e.Kind != scenario.Dead }
	switch {
	case o.Sales > 0 && o.Sales < o.Stores:
		return fault.New(fault.Usage, "usage", "%d sales are too few for %d shops: each makes one at least", o.Sales, o.Stores)
	case o.Shop != nil && o.Kills():
		return fault.New(fault.Usage, "usage", "what kills programs needs a shop of its own").Advise("leave --line out: then it brings up a shop of its own")
	case o.Shop != nil && o.LineAddr == "" && slices.ContainsFunc(o.Events, ofLine):
		return fault.New(fault.Usage, "usage", "a running shop's line cannot be broken: it speaks to HQ directly").Advise("say where its line is to listen, with --line")
	case o.LineAddr == "":
		return nil
	}
	if _, port, err := net.SplitHostPort(o.LineAddr); err != nil || port == "" || port == "0" {
		return fault.New(fault.Usage, "usage", "--line %s is not an address that a shop could have been started with", o.LineAddr).Advise("give host:port, with HQ_URL=http://HOST:PORT in the shop's environment")
	}
	return nil
}

// speaksHTTP refuses a running shop whose events go to HQ's port for gRPC: a line
// of one port would carry its probes only, and break nothing.
func speaksHTTP(ctx context.Context, store Store, line *Line) error {
	edge := NewEdgeClient(store.EdgeURL, store.Tills[0].Token)
	defer edge.Close()
	status, err := edge.Status(ctx)
	if err != nil {
		return err
	}
	if status.Protocol != wire.GRPC && !status.FallbackActive {
		return nil
	}
	return fault.New(fault.Config, "line_bypassed", "the shop's events travel over gRPC, past the line at %s", line.ways[0].listener.Addr()).At("--line").
		Advise("start the shop with SYNC_PROTOCOL=http HQ_URL=%s", line.URL())
}
