package sim

import (
	"net"
	"slices"

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
	case o.LineAddr == "":
		return nil
	}
	if _, port, err := net.SplitHostPort(o.LineAddr); err != nil || port == "" || port == "0" {
		return fault.New(fault.Usage, "usage", "--line %s is not an address that a shop could have been started with", o.LineAddr).Advise("give host:port, with HQ_URL=http://HOST:PORT in the shop's environment")
	}
	return nil
}
