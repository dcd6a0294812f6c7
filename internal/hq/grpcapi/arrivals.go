package grpcapi

import (
	"context"
	"net"

	"golang.org/x/time/rate"
)

// Thousands of stores may come back in the same moment: after HQ was away, or a
// provider's line was. Each connection costs HQ some tenths of a millisecond, and
// a sale that was just paid would wait for all of them.
const (
	// arrivalsASecond is how many connections HQ accepts. The rest stand in the
	// kernel's line (at most 4,096 on Linux, net.core.somaxconn). The last of them
	// hears of HQ before it gives up, which a store edge does after five seconds of
	// silence (SYNC_TIMEOUT): with fewer a second all could have given up by the time
	// it is their turn.
	arrivalsASecond = 1000
	arrivalsAtOnce  = 8 // that nobody paces
	// admittedAtOnce is how many streams have their tokens looked up at once. They
	// would else have all of the database's connections.
	admittedAtOnce = 2
)

// paced is a listener that accepts no faster than it may.
type paced struct {
	net.Listener

	limit *rate.Limiter
	open  context.Context //nolint:containedctx // ended by Close, which has no other way to tell Accept
	end   context.CancelFunc
}

func pace(listener net.Listener) *paced {
	p := &paced{Listener: listener, limit: rate.NewLimiter(arrivalsASecond, arrivalsAtOnce)}
	p.open, p.end = context.WithCancel(context.Background())
	return p
}

// Accept implements net.Listener.
func (p *paced) Accept() (net.Conn, error) {
	if err := p.limit.Wait(p.open); err != nil {
		return nil, net.ErrClosed
	}
	return p.Listener.Accept()
}

// Close implements net.Listener.
func (p *paced) Close() error {
	p.end()
	return p.Listener.Close()
}
