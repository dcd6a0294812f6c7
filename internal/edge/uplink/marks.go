package uplink

import (
	"context"
	"sync"

	"tiem/internal/failpoint"
	"tiem/internal/wire"
)

// marks writes HQ's acknowledgements into the journal, beside the sending of
// what follows. Those that come while one is written are written as one.
type marks struct {
	relay *Relay
	poke  chan struct{} // of capacity 1: there is something to write, or nothing will follow
	done  chan struct{} // of capacity 1: something was written
	over  chan struct{} // closed when nothing is written any more

	mu       sync.Mutex
	written  point // the last one that is in the journal
	wanted   point // the last one that is to be
	setAside []wire.EventError
	closed   bool
	err      error // why it is over
}

func (r *Relay) newMarks() *marks {
	return &marks{relay: r, poke: make(chan struct{}, 1), done: make(chan struct{}, 1), over: make(chan struct{})}
}

// begin is where the journal stands now.
func (m *marks) begin(at point) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written, m.wanted = at, at
}

// want has a point written, with what HQ set aside up to it. It does not wait.
func (m *marks) want(at point, setAside []wire.EventError) {
	m.mu.Lock()
	if at.id > m.wanted.id {
		m.wanted = at
	}
	m.setAside = append(m.setAside, setAside...)
	m.mu.Unlock()
	signal(m.poke)
}

// idle tells whether everything is written.
func (m *marks) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.written == m.wanted && len(m.setAside) == 0
}

// run writes until finish, ctx, or a failure.
func (m *marks) run(ctx context.Context) {
	defer close(m.over)
	for {
		select {
		case <-m.poke:
		case <-ctx.Done():
			return
		}
		at, setAside, closed := m.next()
		if err := m.write(ctx, at, setAside); err != nil {
			m.mu.Lock()
			m.err = own(err)
			m.mu.Unlock()
			return
		}
		if closed {
			return
		}
		signal(m.done)
	}
}

// next is what to write.
func (m *marks) next() (at point, setAside []wire.EventError, closed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wanted, m.setAside, m.closed
}

func (m *marks) write(ctx context.Context, at point, setAside []wire.EventError) error {
	if m.idle() {
		return nil
	}
	failpoint.Hit("relay.before_mark")
	if err := m.relay.journal.Mark(ctx, at.id, setAside); err != nil {
		return err
	}
	m.mu.Lock()
	m.written, m.setAside = at, m.setAside[len(setAside):]
	m.mu.Unlock()
	m.relay.reached(at.id)
	return nil
}

// finish waits until everything is written, or cannot be, and returns the last
// point that is.
func (m *marks) finish() (point, error) {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	signal(m.poke)
	<-m.over
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.written, m.err
}

// signal leaves a token that may be waiting already.
func signal(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}
