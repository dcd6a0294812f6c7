package sim

import (
	"net"
	"slices"
	"strings"

	"tiem/internal/fault"
	"tiem/internal/sim/scenario"
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
	case o.LineAddr == "" && o.LineGRPC != "":
		return fault.New(fault.Usage, "usage", "--line-grpc is the gRPC of a line, and there is none").Advise("give --line, too")
	case o.LineAddr == "":
		return nil
	}
	var store Store
	if o.Shop != nil {
		store = *o.Shop
	}
	if err := checkLine("--line", o.LineAddr, "HQ_URL=http://HOST:PORT", hostOf(store.HQURL)); err != nil || o.LineGRPC == "" {
		return err
	}
	return checkLine("--line-grpc", o.LineGRPC, "HQ_GRPC_TARGET=HOST:PORT", store.GRPCTarget)
}

// checkLine finds an address at which no running shop could find a line to target.
func checkLine(flag, address, setting, target string) error {
	_, port, err := net.SplitHostPort(address)
	switch {
	case err != nil || port == "" || port == "0":
		return fault.New(fault.Usage, "usage", "%s %s is not an address that a shop could have been started with", flag, address).Advise("give host:port, with %s in the shop's environment", setting)
	case address == target:
		return fault.New(fault.Usage, "usage", "%s %s would lead to itself: there, it is said, is HQ", flag, address).
			Advise("%s in this shell is the shop's; take it away, and the env file says where HQ is", setting[:strings.Index(setting, "=")])
	}
	return nil
}
