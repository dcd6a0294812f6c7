package uplink

import (
	"errors"
	"log/slog"
	"time"

	"tiem/internal/fault"
)

// detourFrom is how many failures of the first way in a row lead to the second,
// if they last for Config.DetourAfter.
const detourFrom = 3

// detour chooses the way of the next conversation. The first way is left when it
// does not get through for a while, which is longer than an HQ's restart, although
// the line as such is good, and stays left only if the second one does get through;
// the way back is tried now and then, by one conversation. It belongs to Drive's
// goroutine.
type detour struct {
	ways Ways
	cfg  Config
	log  *slog.Logger
	up   func() bool // the line is not OFFLINE

	failures int           // of the first way in a row, while the line was good
	since    time.Time     // when the first of them was
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

// online hears that the line is good again: what was counted before may have been
// the line's, and the way back is tried at once.
func (d *detour) online(now time.Time) {
	d.failures, d.backIn = 0, 0
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
		d.second, d.backIn = true, min(max(2*d.backIn, d.cfg.BackFirst), d.cfg.BackMost)
		d.backAt = now.Add(d.backIn)
		return true
	case !d.up(): // it is for the line, not for the protocol
		d.failures = 0
		return false
	case answered:
		return false
	}
	if d.failures++; d.failures == 1 {
		d.since = now
	}
	d.second = d.failures >= detourFrom && now.Sub(d.since) >= d.cfg.DetourAfter
	return d.second
}

// Codes that this end gives to what is not HQ's own word.
const (
	codeUnreachable = "hq_unreachable"       // nobody answered, or not in time
	codeUnreadable  = "hq_answer_unreadable" // somebody did, and it was no HQ's answer
	codeRefused     = "hq_refused"           // somebody between said no, for itself, whatever the reason
)

// unreached tells whether HQ was not reached, or somebody between answered
// instead.
func unreached(err error) bool {
	switch fault.CodeOf(err) {
	case codeUnreachable, codeUnreadable, codeRefused:
		return true
	default:
		return false
	}
}
