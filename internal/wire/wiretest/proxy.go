package wiretest

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Proxy is a line between real programs: a loopback port that carries bytes both
// ways and fails at a byte, as told. It knows nothing of what they mean. The
// counts run over all its connections.
type Proxy struct {
	listener net.Listener
	target   func() string
	work     sync.WaitGroup

	mu      sync.Mutex
	open    map[*proxied]struct{}
	refused bool
	swallow bool
	held    chan struct{} // closed by Mend; nil: nothing is held
	cuts    [2]int        // bytes that still get through; -1: no cut
	flips   [2]int        // the byte of which a bit changes; -1: none
}

// proxied is one connection.
type proxied struct {
	ends [2]net.Conn // the store's, HQ's
	deaf [2]bool     // by direction; guarded by Proxy.mu
}

// NewProxy opens a line to wherever target says at the time of a connection. It
// is closed when the test ends.
func NewProxy(t *testing.T, target func() string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &Proxy{listener: listener, target: target, open: map[*proxied]struct{}{}, cuts: [2]int{-1, -1}, flips: [2]int{-1, -1}}
	p.work.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.Mend()
		p.Reset()
		p.work.Wait()
	})
	return p
}

// Address is where the store finds HQ, host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Refuse resets all connections, and those to come.
func (p *Proxy) Refuse() {
	p.change(func() { p.refused = true })
	p.Reset()
}

// Reset ends all connections.
func (p *Proxy) Reset() {
	p.change(func() {
		for c := range p.open {
			c.reset()
		}
	})
}

// Hold keeps everything on the line until Mend.
func (p *Proxy) Hold() { p.change(func() { p.held = make(chan struct{}) }) }

// Swallow loses every byte that comes from now on; connections over which one was
// lost stay dead after Mend, and nobody is told.
func (p *Proxy) Swallow() { p.change(func() { p.swallow = true }) }

// CutAfter breaks the connection that carries a byte, counted from now on.
func (p *Proxy) CutAfter(d Direction, bytes int) { p.change(func() { p.cuts[d] = bytes }) }

// FlipAfter changes the lowest bit of a byte, counted from now on.
func (p *Proxy) FlipAfter(d Direction, bytes int) { p.change(func() { p.flips[d] = bytes }) }

// Mend makes the line whole.
func (p *Proxy) Mend() {
	p.change(func() {
		p.refused, p.swallow, p.cuts, p.flips = false, false, [2]int{-1, -1}, [2]int{-1, -1}
		if p.held != nil {
			close(p.held)
			p.held = nil
		}
	})
}

func (p *Proxy) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) accept() {
	for {
		store, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.connect(store) })
	}
}

func (p *Proxy) connect(store net.Conn) {
	p.mu.Lock()
	refused := p.refused
	p.mu.Unlock()
	hq, err := net.Dial("tcp", p.target())
	if err != nil || refused {
		_ = store.Close()
		if err == nil {
			_ = hq.Close()
		}
		return
	}
	c := &proxied{ends: [2]net.Conn{store, hq}}
	p.change(func() { p.open[c] = struct{}{} })
	var both sync.WaitGroup
	both.Go(func() { p.pump(c, Up) })
	both.Go(func() { p.pump(c, Down) })
	both.Wait()
	p.change(func() { delete(p.open, c) })
	_, _ = store.Close(), hq.Close()
}

func (p *Proxy) pump(c *proxied, d Direction) {
	buffer := make([]byte, 16<<10)
	from, to := c.ends[d], c.ends[1-d]
	for {
		n, err := from.Read(buffer)
		bytes, whole := p.pass(c, d, buffer[:n])
		if _, failed := to.Write(bytes); failed != nil {
			err = failed
		}
		if !whole {
			_ = to.Close() // in order: what got through arrives
			c.reset()
			return
		}
		if err != nil {
			if half, ok := to.(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
			return
		}
	}
}

// pass is what the line does to bytes; not whole: it breaks off behind them.
func (p *Proxy) pass(c *proxied, d Direction, bytes []byte) (through []byte, whole bool) {
	p.mu.Lock()
	for p.held != nil {
		held := p.held
		p.mu.Unlock()
		<-held
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	c.deaf[d] = c.deaf[d] || p.swallow && len(bytes) > 0
	if c.deaf[d] {
		return nil, true
	}
	if at := p.flips[d]; at >= 0 {
		if p.flips[d] -= len(bytes); at < len(bytes) {
			bytes[at] ^= 1
			p.flips[d] = -1
		}
	}
	if left := p.cuts[d]; left >= 0 {
		if p.cuts[d] -= len(bytes); left < len(bytes) {
			p.cuts[d] = -1
			return bytes[:left], false
		}
	}
	return bytes, true
}

// reset ends both sides at once.
func (c *proxied) reset() {
	for _, end := range c.ends {
		if tcp, ok := end.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = end.Close()
	}
}
