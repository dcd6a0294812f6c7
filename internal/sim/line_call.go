package sim

import (
	"context"
	"net"
	"sync"
	"time"
)

// lineCall is one connection over a Line, and its counterpart at HQ.
type lineCall struct {
	line   *Line
	target string // host:port of HQ
	shop   net.Conn

	mu    sync.Mutex
	hq    net.Conn // nil until it is dialled
	ended bool     // reset: what is dialled later is closed at once
}

const dialTimeout = 2 * time.Second

// carry moves bytes both ways until both sides have ended.
func (c *lineCall) carry() {
	defer c.line.forget(c)
	if !c.passHole() || !c.dial() {
		c.reset()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { c.pump(c.hq, c.shop, RequestCut) })
	both.Go(func() { c.pump(c.shop, c.hq, AnswerCut) })
	both.Wait()
	_, _ = c.shop.Close(), c.hq.Close() // both directions have ended already
}

// dial reaches HQ; false: nobody is there.
func (c *lineCall) dial() bool {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	hq, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.target)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hq = hq
	return !c.ended
}

// pump moves bytes one way; breaks is the kind of cut that breaks this way off.
func (c *lineCall) pump(to, from net.Conn, breaks CutKind) {
	way := &lineWay{call: c, to: to, breaks: breaks}
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !way.send(buffer[:n]) {
			c.reset()
			return
		}
		if err != nil { // this way has ended; the other may go on
			if half, ok := to.(*net.TCPConn); ok && c.passHole() {
				_ = half.CloseWrite()
			}
			return
		}
	}
}

// passHole waits while the line is a black hole.
func (c *lineCall) passHole() bool {
	for {
		state := c.line.now()
		if state.cut.Kind != BlackHole {
			return !c.isEnded()
		}
		c.line.felt(c)
		<-state.over
	}
}

func (c *lineCall) isEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// reset ends both sides at once, so that they notice.
func (c *lineCall) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, conn := range []net.Conn{c.shop, c.hq} {
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			continue // not dialled
		}
		_ = tcp.SetLinger(0) // a reset, not an orderly end
		_ = tcp.Close()
	}
}

// lineWay is one direction of a call.
type lineWay struct {
	call   *lineCall
	to     net.Conn
	breaks CutKind
	state  *lineState // in which left was counted
	left   int        // bytes before it breaks off
}

// send carries bytes as the line is from moment to moment; false: it broke off.
func (w *lineWay) send(rest []byte) bool {
	for len(rest) > 0 {
		if !w.call.passHole() {
			return false
		}
		n, whole := w.share(len(rest))
		sent, err := w.to.Write(rest[:n])
		if err != nil {
			return false
		}
		if !whole {
			_ = w.to.Close() // in order, or the reset would overtake what was just sent
			return false
		}
		rest = rest[sent:]
	}
	return true
}

// share is how many of n bytes may go now; not whole: and then it breaks off.
func (w *lineWay) share(n int) (now int, whole bool) {
	state := w.call.line.now()
	switch state.cut.Kind {
	case Slow:
		w.call.line.felt(w.call)
		budget := state.budgets[w.breaks]
		if n = budget.portion(n); !budget.pass(state.over, n) {
			return 0, true // as the line is from now on
		}
		return n, true
	case w.breaks:
		if w.state != state {
			w.state, w.left = state, state.cut.Bytes
		}
		if n <= w.left {
			w.left -= n
			return n, true
		}
		w.call.line.felt(w.call)
		return w.left, false
	default:
		return n, true
	}
}
