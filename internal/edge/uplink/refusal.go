package uplink

import (
	"context"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// reaction is what to do about a failed exchange.
type reaction int

const (
	backOff   reaction = iota // the line or a process is down: try again, later and later
	askAgain                  // HQ stands elsewhere than we thought: read its watermark at once
	halve                     // too large: send less
	slowAlarm                 // somebody must act, but a retry does no harm
	hardAlarm                 // the logs differ: nothing is sent until HQ's hash is ours again
)

// react classifies a failure.
func (at *cursor) react(err error) reaction {
	switch fault.CodeOf(err) {
	case wire.CodeGap:
		return askAgain
	case wire.CodeFork, wire.CodeFenced, wire.CodeEventIDReused, codeHQAhead, codeHole:
		return hardAlarm
	case wire.CodeHashMismatch:
		if at.mismatch++; at.mismatch == 1 {
			return askAgain // bytes may have been changed on the way: once more
		}
		return slowAlarm
	}
	switch fault.KindOf(err) {
	case fault.TooLarge:
		if at.sent > 1 {
			return halve
		}
		return slowAlarm
	case fault.Unauthorized, fault.Forbidden, fault.NotFound, fault.Invalid, fault.Conflict, fault.Malformed:
		return slowAlarm
	default:
		return backOff
	}
}

// retreat waits as the failure asks. After a refusal the next step begins with
// HQ's own word. After silence it sends the same batch again: if HQ had stored
// it, the answer says so, and what became of each event.
func (r *Relay) retreat(ctx context.Context, at *cursor, err error) {
	at.attempts++
	reaction := at.react(err)
	if reaction != backOff || at.sent == 0 {
		at.readAt = time.Time{}
	}
	switch reaction {
	case askAgain:
		if at.refusals++; at.refusals > 1 { // a gap after a fresh watermark: do not spin
			sleep(ctx, pause(at.refusals, r.cfg.RetryMin, r.cfg.RetryMax))
		}
	case halve:
		at.limit = max(1, at.sent/2)
	case slowAlarm, hardAlarm:
		if fault.KindOf(err) == fault.NotFound { // whoever answered is not our HQ
			r.line.Failed(err)
		}
		r.alarm(err)
		r.log.Error("relay: ALARM, somebody must act; sales go on", "code", fault.CodeOf(err), "error", err, "attempts", at.attempts)
		r.rest(ctx, at, r.cfg.AlarmPause)
	case backOff:
		r.backOff(ctx, at, err)
	}
}

// backOff waits, longer each time. A batch that did not get through twice may be
// too much for a slow line within SYNC_TIMEOUT: the next one is smaller.
func (r *Relay) backOff(ctx context.Context, at *cursor, err error) {
	if at.attempts > 1 && at.sent > 1 {
		at.limit = max(1, at.sent/2)
	}
	if at.onLine {
		r.line.Failed(err)
	}
	wait := pause(at.attempts, r.cfg.RetryMin, r.cfg.RetryMax)
	r.log.Warn("relay: waiting to try again", "hq_down", at.onLine, "code", fault.CodeOf(err), "error", err, "attempts", at.attempts, "retry_in_ms", wait.Milliseconds())
	r.rest(ctx, at, wait)
}

// rest waits after a failure. When the line is ONLINE again meanwhile, there is
// no reason to wait any longer, nor to wait as long the next time.
func (r *Relay) rest(ctx context.Context, at *cursor, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-r.turn:
			if r.line.Online() {
				at.attempts = min(at.attempts, 1)
				return
			}
		}
	}
}
