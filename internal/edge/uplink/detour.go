package uplink

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"tiem/internal/fault"
)

// detourFrom is how many failures of the first way in a row lead to the second.
const detourFrom = 3

// detour chooses the way of the next conversation. The first way is left when it
// does not get through while the line as such is good, and stays left only if the
// second one does get through; the way back is tried now and then, by one
// conversation. It belongs to Drive's goroutine.
type detour struct {
	ways Ways
	cfg  Config
	log  *slog.Logger
	up   func() bool // the line is not OFFLINE

	failures int           // of the first way in a row
	second   bool          // the next conversation is held over the second way
	fallen   bool          // the second way got through, and the first has not since
	backAt   time.Time     // when the first is tried again
	backIn   time.Duration // the pause before that
}

// leads tells whether there is another way, to be taken if over does not get
// through.
func (d *detour) leads(over Way) bool { return d.ways.Second != nil && over == d.ways.First }

// next is the way of the next conversation.
func (d *detour) next(now time.Time) Way {
	if d.due(now) {
		d.second = false
	}
	if d.second {
		return d.ways.Second
	}
	return d.ways.First
}

// due tells whether the way back is to be tried: what is on its way over the
// second is waited for, and nothing more is sent there.
func (d *detour) due(now time.Time) bool { return d.second && d.fallen && !now.Before(d.backAt) }

// online hears that the line is good again: the way back is tried at once.
func (d *detour) online(now time.Time) {
	if d.fallen {
		d.backAt = now
	}
}

// opened hears that HQ has welcomed a conversation.
func (d *detour) opened(now time.Time) {
	if d.second && !d.fallen {
		d.fallen, d.backIn = true, d.cfg.BackFirst
		d.backAt = now.Add(d.backIn)
		d.log.Warn("relay: falling back, the wanted protocol does not get through", "wanted", d.ways.First.Protocol(), "protocol", d.ways.Second.Protocol(),
			"retry_in_ms", d.backIn.Milliseconds())
	}
}

// answered hears that HQ has said more than its welcome.
func (d *detour) answered() {
	if d.second {
		return
	}
	d.failures = 0
	if d.fallen {
		d.fallen = false
		d.log.Info("relay: the wanted protocol gets through again", "protocol", d.ways.First.Protocol())
	}
}

// failed hears why a conversation ended, and tells whether the other way is to
// be tried at once. answered: HQ had said more in it than its welcome.
func (d *detour) failed(now time.Time, answered bool, err error) bool {
	var mine ownError
	switch {
	case d.ways.Second == nil || errors.As(err, &mine):
		return false
	case !unreached(err): // HQ's own word: it was reached
		d.answered()
		return false
	case d.second:
		if !d.fallen { // neither gets through: it is not for the protocol
			d.second, d.failures = false, 0
		}
		return false
	case d.fallen: // this was the try of the way back
		d.second, d.backIn = true, min(2*d.backIn, d.cfg.BackMost)
		d.backAt = now.Add(d.backIn)
		return true
	case answered:
		return false
	}
	d.failures++
	d.second = d.failures >= detourFrom && d.up()
	return d.second
}

// unreached tells whether HQ was not reached, or somebody between answered
// instead. The codes that this end gives to that begin with hq_.
func unreached(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.NotFound:
		return strings.HasPrefix(fault.CodeOf(err), "hq_")
	default:
		return false
	}
}
