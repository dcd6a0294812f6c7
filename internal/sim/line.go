package sim

import (
	"context"
	"net"
	"sync"
	"time"

	"tiem/internal/fault"
)

// Line is the line from a shop to HQ: a proxy on a loopback port that carries
// bytes both ways until it is told to fail (Cut). It knows nothing of HTTP. It
// is safe for concurrent use; Close it when done.
type Line struct {
	target   string // host:port of HQ
	listener net.Listener
	called   chan struct{} // closed when the shop calls for the first time
	work     sync.WaitGroup

	mu      sync.Mutex
	state   *lineState
	open    map[*lineCall]struct{}
	stopped bool
}

// lineState is how the line is from one moment to the next.
type lineState struct {
	cut     Cut           // Kind "" while it is whole
	over    chan struct{} // closed when another state begins
	hit     map[*lineCall]struct{}
	refused int                     // connections that were none
	budgets map[CutKind]*lineBudget // Slow: of each direction, by the kind of cut that would break it off
}

// NewLine opens a line to target (host:port), which need not be there yet.
func NewLine(ctx context.Context, target string) (*Line, error) {
	return NewLineAt(ctx, "127.0.0.1:0", target)
}

// NewLineAt is NewLine with the address on which the shop finds it.
func NewLineAt(ctx context.Context, address, target string) (*Line, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "address_in_use", "no line can listen on %s", address).At("--line").
			Advise("choose a free address, host:port")
	}
	l := &Line{target: target, listener: listener, called: make(chan struct{}), state: newLineState(Cut{}), open: map[*lineCall]struct{}{}}
	l.work.Go(l.take)
	return l, nil
}

func newLineState(cut Cut) *lineState {
	state := &lineState{cut: cut, over: make(chan struct{}), hit: map[*lineCall]struct{}{}}
	if cut.Kind == Slow {
		state.budgets = map[CutKind]*lineBudget{RequestCut: {rate: max(1, cut.Rate)}, AnswerCut: {rate: max(1, cut.Rate)}}
	}
	return state
}

// await waits for the shop's first call; nobody calls: a fault of kind Config
// (line_unused).
func (l *Line) await(ctx context.Context, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.called:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return fault.New(fault.Config, "line_unused", "nobody came over the line at %s within %s: the shop does not go by it", l.listener.Addr(), patience).At("--line").
			Advise("start the shop with HQ_URL=%s", l.URL())
	}
}

// URL is where the shop finds HQ.
func (l *Line) URL() string { return "http://" + l.listener.Addr().String() }

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
	err := l.listener.Close()
	for _, call := range l.become(newLineState(Cut{})) {
		call.reset()
	}
	l.work.Wait()
	return err
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
func (l *Line) take() {
	for first := true; ; first = false {
		shop, err := l.listener.Accept()
		if err != nil {
			return // Close; there is no other reason on the loopback interface
		}
		if first {
			close(l.called)
		}
		call := &lineCall{line: l, shop: shop}
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
