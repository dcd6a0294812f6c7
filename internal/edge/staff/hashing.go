package staff

import (
	"context"

	"tiem/internal/fault"
)

// hashing is held by whoever hashes a PIN. There is one place in the process:
// hashing is slow and large on purpose, and whoever tries PINs at five tills
// must not take the processor from the tills that sell. Whoever waits gets it in
// the order of coming, and a terminal has one try in that line (queues): so the
// terminals take turns.
var hashing = make(chan struct{}, 1)

// inTurn runs f when nobody else hashes. Whoever gives up waiting is told to try
// again (pin_check_busy).
func inTurn(ctx context.Context, f func() error) error {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		return f()
	case <-ctx.Done():
		return errBusy(ctx)
	}
}

func errBusy(ctx context.Context) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, "pin_check_busy", "too many PINs are being checked").Advise("try again in a moment")
}

// hashPIN is a new PIN's hash, as it is stored.
func (p *People) hashPIN(ctx context.Context, pin string) (hash string, err error) {
	err = inTurn(ctx, func() error { hash = newPHC(pin, p.cost()).String(); return nil })
	return hash, err
}

func (p *People) cost() Cost {
	if p.Cost == (Cost{}) {
		return StandardCost
	}
	return p.Cost
}
