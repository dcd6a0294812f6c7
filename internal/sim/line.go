package sim

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"tiem/internal/fault"
)

// Line is the line from a shop to HQ: a proxy on loopback ports, one for each
// of HQ's, that carries bytes both ways until it is told to fail (Cut). It is one
// line: what happens to it happens to everything that goes over it, and a slow
// one is shared. It knows nothing of HTTP or gRPC. Once all of it leads somewhere
// (LeadGRPC) it is safe for concurrent use; Close it when done.
type Line struct {
	ways []*lineEnd // that to HQ's API first
	work sync.WaitGroup

	mu      sync.Mutex
	state   *lineState
	open    map[*lineCall]struct{}
	stopped bool
}

// lineEnd is where the shop finds one of HQ's ports.
type lineEnd struct {
	flag     string // that names it
	listener net.Listener
	target   string        // host:port of HQ
	patience time.Duration // how long a running shop may take to call for the first time
	called   chan struct{} // closed when the shop calls for the first time
	first    sync.Once     // closes called
}

// lineState is how the line is from one moment to the next.
type lineState struct {
	cut     Cut           // Kind "" while it is whole
	over    chan struct{} // closed when another state begins
	hit     map[*lineCall]struct{}
	refused int                     // connections that were none
	budgets map[CutKind]*lineBudget // Slow: of each direction, by the kind of cut that would break it off
}

// NewLine opens a line to HQ's ports (host:port), which need not be there yet:
// that of its API, and that for gRPC if the shop is to use it.
func NewLine(ctx context.Context, api string, grpc ...string) (*Line, error) {
	l, err := NewLineAt(ctx, "127.0.0.1:0", api)
	if err != nil {
		return nil, err
	}
	for _, target := range grpc {
		if err := l.LeadGRPC(ctx, "127.0.0.1:0", target); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// LineToHQ opens a line to both ports of an HQ that is still to be started, at
// hqAddr and hqGRPC.
func LineToHQ(ctx context.Context) (l *Line, hqAddr, hqGRPC string, err error) {
	if hqAddr, err = FreeAddress(ctx); err == nil {
		hqGRPC, err = FreeAddress(ctx)
	}
	if err == nil {
		l, err = NewLine(ctx, hqAddr, hqGRPC)
	}
	return l, hqAddr, hqGRPC, err
}

// NewLineAt is NewLine with the address on which the shop finds HQ's API; there is
// no gRPC yet. An address that somebody has is a fault of kind Config (address_in_use).
func NewLineAt(ctx context.Context, address, target string) (*Line, error) {
	l := &Line{state: newLineState(Cut{}), open: map[*lineCall]struct{}{}}
	if err := l.lead(ctx, flagLine, probePatience, address, target); err != nil {
		return nil, err
	}
	return l, nil
}

// LeadGRPC lets the shop find HQ's port for gRPC, target, at address, over the
// same line. It is called beside nothing else. Its error is NewLineAt's.
func (l *Line) LeadGRPC(ctx context.Context, address, target string) error {
	return l.lead(ctx, flagLineGRPC, streamPatience, address, target)
}

// lead opens the way from address, which flag names, to target.
func (l *Line) lead(ctx context.Context, flag string, patience time.Duration, address, target string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fault.Wrap(err, fault.Config, "address_in_use", "no line can listen on %s", address).At(flag).
			Advise("choose a free address, host:port")
	}
	way := &lineEnd{flag: flag, listener: listener, target: target, patience: patience, called: make(chan struct{})}
	l.ways = append(l.ways, way)
	l.work.Go(func() { l.take(way) })
	return nil
}

func newLineState(cut Cut) *lineState {
	state := &lineState{cut: cut, over: make(chan struct{}), hit: map[*lineCall]struct{}{}}
	if cut.Kind == Slow {
		state.budgets = map[CutKind]*lineBudget{RequestCut: {rate: max(1, cut.Rate)}, AnswerCut: {rate: max(1, cut.Rate)}}
	}
	return state
}

// URL is where the shop finds HQ's API.
func (l *Line) URL() string { return "http://" + l.ways[0].listener.Addr().String() }

// Settings let an edge go by the line, and speak protocol (http or grpc; empty:
// what the edge prefers) over it: NAME=value.
func (l *Line) Settings(protocol string) []string {
	settings := []string{"HQ_URL=" + l.URL()}
	for _, way := range l.ways[1:] {
		settings = append(settings, "HQ_GRPC_TARGET="+way.listener.Addr().String())
	}
	if protocol != "" {
		settings = append(settings, "SYNC_PROTOCOL="+protocol)
	}
	return settings
}

// Cut makes the line fail from now on, as Kind, Bytes and Rate say, until Mend.
func (l *Line) Cut(cut Cut) {
	old := l.become(newLineState(cut))
	if cut.Kind != Refused {
		return
	}
	for _, call := range old {
		l.felt(call)
		call.reset()
	}
}

// Mend makes the line whole, and returns how many connections felt the cut.
func (l *Line) Mend() (hit int) {
	l.mu.Lock()
	hit = len(l.state.hit) + l.state.refused
	l.mu.Unlock()
	l.become(newLineState(Cut{}))
	return hit
}

// Close ends the line and all its connections.
func (l *Line) Close() error {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	var errs []error
	for _, way := range l.ways {
		errs = append(errs, way.listener.Close())
	}
	for _, call := range l.become(newLineState(Cut{})) {
		call.reset()
	}
	l.work.Wait()
	return errors.Join(errs...)
}

// become begins a state, and returns the connections that were open then.
func (l *Line) become(state *lineState) []*lineCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.state.over)
	l.state = state
	open := make([]*lineCall, 0, len(l.open))
	for call := range l.open {
		open = append(open, call)
	}
	return open
}

// now is the present state.
func (l *Line) now() *lineState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// felt counts a connection that the present cut does something to.
func (l *Line) felt(call *lineCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.hit[call] = struct{}{}
}

// take accepts the shop's connections until the line is closed.
func (l *Line) take(way *lineEnd) {
	for {
		shop, err := way.listener.Accept()
		if err != nil {
			return // Close; there is no other reason on the loopback interface
		}
		way.first.Do(func() { close(way.called) })
		call := &lineCall{line: l, target: way.target, shop: shop}
		if !l.admit(call) {
			call.reset()
			continue
		}
		l.work.Go(call.carry)
	}
}

// admit notes a connection; false: the line refuses it.
func (l *Line) admit(call *lineCall) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return false
	}
	if l.state.cut.Kind == Refused {
		l.state.refused++
		return false
	}
	l.open[call] = struct{}{}
	return true
}

func (l *Line) forget(call *lineCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, call)
}
