package wiretest

import (
	"slices"
	"sync"
	"time"
)

// Direction is one of the two on a line.
type Direction int

// The directions.
const (
	Up   Direction = iota // from the store to HQ
	Down                  // from HQ to the store
)

// Cut is how a line breaks a connection off.
type Cut struct {
	Bytes int  // that still get through, of all connections together
	Hard  bool // what is on its way in the other direction is lost, too
}

// Line is the line in memory: bytes in frames, in their order on a connection,
// late as Delay says. It is safe for concurrent use.
type Line struct {
	hq    *HQ
	Delay func() time.Duration

	mu      sync.Mutex
	conns   []*conn
	refused map[string]bool // by protocol
	hold    bool
	swallow bool
	cuts    [2]*Cut
	flips   [2]int // the byte from now on of which a bit changes; -1: none
	bit     byte
}

// conn is a connection, of one store's token.
type conn struct {
	line     *Line
	protocol string
	token    string // the store's
	halves   [2]*half
	deaf     [2]bool // bytes of that direction vanish; guarded by line.mu
}

func newLine(hq *HQ) *Line {
	return &Line{hq: hq, Delay: func() time.Duration { return time.Millisecond }, refused: map[string]bool{}, flips: [2]int{-1, -1}}
}

// Refuse resets every connection of a protocol, and those to come.
func (l *Line) Refuse(protocol string) {
	l.mu.Lock()
	l.refused[protocol] = true
	conns := slices.Clone(l.conns)
	l.mu.Unlock()
	for _, c := range conns {
		if c.protocol == protocol {
			c.reset()
		}
	}
}

// Hold keeps everything on the line until Mend: it arrives late.
func (l *Line) Hold() { l.change(func() { l.hold = true }) }

// Swallow loses every byte from now on, and nobody is told: half-open
// connections, which stay so after Mend.
func (l *Line) Swallow() { l.change(func() { l.swallow = true }) }

// CutAfter breaks the connection that carries a byte, counted from now on.
func (l *Line) CutAfter(d Direction, cut Cut) { l.change(func() { l.cuts[d] = &cut }) }

// FlipAfter changes a bit of a byte, counted from now on.
func (l *Line) FlipAfter(d Direction, bytes int, bit byte) {
	l.change(func() { l.flips[d], l.bit = bytes, bit%8 })
}

// Mend makes the line whole.
func (l *Line) Mend() {
	var conns []*conn
	l.change(func() {
		l.hold, l.swallow, l.cuts, l.flips = false, false, [2]*Cut{}, [2]int{-1, -1}
		clear(l.refused)
		conns = slices.Clone(l.conns)
	})
	for _, c := range conns {
		for _, h := range c.halves {
			h.release(time.Now().Add(time.Millisecond))
		}
	}
}

func (l *Line) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// dial connects to HQ with a store's token.
func (l *Line) dial(protocol, token string) (*conn, error) {
	c := &conn{line: l, protocol: protocol, token: token, halves: [2]*half{newHalf(), newHalf()}}
	l.mu.Lock()
	if l.refused[protocol] {
		l.mu.Unlock()
		return nil, errLine
	}
	l.conns = append(l.conns, c)
	l.mu.Unlock()
	if !l.hq.take(c) {
		c.gone()
		return nil, errLine
	}
	return c, nil
}

// send puts a frame on the line. That it was sent says nothing of its arrival.
func (c *conn) send(d Direction, f frame) {
	cut := c.pass(d, &f)
	if cut == nil {
		return
	}
	c.halves[d].finish(errLine, false)
	c.halves[1-d].finish(errLine, cut.Hard)
	c.gone()
}

// pass is what the line does to a frame; a cut ends the connection there.
func (c *conn) pass(d Direction, f *frame) *Cut {
	l := c.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.swallow {
		c.deaf[d] = true
	}
	if c.deaf[d] {
		return nil
	}
	size := max(1, len(f.bytes))
	if cut := l.cuts[d]; cut != nil {
		if cut.Bytes < size {
			l.cuts[d] = nil
			return cut
		}
		cut.Bytes -= size
	}
	if l.flips[d] >= 0 {
		if l.flips[d] < len(f.bytes) {
			f.bytes = slices.Clone(f.bytes)
			f.bytes[l.flips[d]] ^= 1 << l.bit
			l.flips[d] = -1
		} else {
			l.flips[d] -= size
			l.flips[d] = max(l.flips[d], 0)
		}
	}
	f.held, f.at = l.hold, time.Now().Add(l.Delay())
	c.halves[d].push(*f)
	return nil
}

// reset ends the connection at once, with what is on its way up; what HQ has said
// already may still arrive.
func (c *conn) reset() {
	c.halves[Up].finish(errLine, true)
	c.halves[Down].finish(errLine, false)
	c.gone()
}

// hangUp is the store's end of it: what it sent still arrives at HQ.
func (c *conn) hangUp() {
	c.halves[Up].finish(errClosed, false)
	c.halves[Down].finish(errClosed, true)
	c.gone()
}

// gone takes the connection off the line's list, unless something is held there.
func (c *conn) gone() {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	if c.line.hold {
		return
	}
	c.line.conns = slices.DeleteFunc(c.line.conns, func(other *conn) bool { return other == c })
}
