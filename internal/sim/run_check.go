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
	if err := checkLine(store, flagLine, o.LineAddr, "HQ_URL=http://HOST:PORT"); err != nil || o.LineGRPC == "" {
		return err
	}
	return checkLine(store, flagLineGRPC, o.LineGRPC, "HQ_GRPC_TARGET=HOST:PORT")
}

// checkLine finds an address at which the running shop could not find a line to
// its HQ. The shop must have been started with setting.
func checkLine(store Store, flag, address, setting string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" || port == "0" {
		return fault.New(fault.Usage, "usage", "%s %s is not an address that a shop could have been started with", flag, address).Advise("give host:port, with %s in the shop's environment", setting)
	}
	for _, hq := range []Variable{{"HQ_URL", hostOf(store.HQURL)}, {"HQ_GRPC_TARGET", store.GRPCTarget}} {
		if samePlace(address, hq.Value) {
			return fault.New(fault.Usage, "usage", "%s %s would lead to itself: there, it is said, is HQ", flag, address).
				Advise("%s in this shell is the shop's; take it away, and the env file says where HQ is", hq.Name)
		}
	}
	return nil
}

// samePlace tells whether two addresses, host:port, are one: the same text, or the
// same port of this machine by two of its names.
func samePlace(a, b string) bool {
	hostA, portA, badA := net.SplitHostPort(a)
	hostB, portB, badB := net.SplitHostPort(b)
	if badA != nil || badB != nil {
		return a == b
	}
	return portA == portB && (strings.EqualFold(hostA, hostB) || isHere(hostA) && isHere(hostB))
}

// isHere tells whether host is one of the names that every machine has for itself.
func isHere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || strings.EqualFold(host, "localhost") || ip.IsLoopback() || ip.IsUnspecified()
}
