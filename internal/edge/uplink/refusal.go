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

// react classifies a failure of an exchange that carried n events (0: a Sync).
func (at *cursor) react(err error, n int) reaction {
	switch fault.CodeOf(err) {
	case wire.CodeGap:
		return askAgain
	case wire.CodeFork, wire.CodeFenced, wire.CodeEventIDReused, codeHQAhead:
		return hardAlarm
	case wire.CodeHashMismatch:
		if at.mismatch++; at.mismatch == 1 {
			return askAgain // bytes may have been changed on the way: once more
		}
		return slowAlarm
	}
	switch fault.KindOf(err) {
	case fault.TooLarge:
		if n > 1 {
			return halve
		}
		return slowAlarm
	case fault.Unauthorized, fault.Forbidden, fault.NotFound, fault.Invalid, fault.Conflict, fault.Malformed:
		return slowAlarm
	default:
		return backOff
	}
}

// retreat waits as the failure asks, and leaves the cursor so that the next step
// begins with HQ's own word.
func (r *Relay) retreat(ctx context.Context, at *cursor, err error) {
	at.attempts++
	at.readAt = time.Time{}
	switch at.react(err, r.lastSize) {
	case askAgain:
		if at.refusals++; at.refusals > 1 { // a gap after a fresh watermark: do not spin
			sleep(ctx, pause(at.refusals, r.cfg.RetryMin, r.cfg.RetryMax))
		}
	case halve:
		at.limit = max(1, r.lastSize/2)
	case slowAlarm, hardAlarm:
		if fault.KindOf(err) == fault.NotFound { // whoever answered is not our HQ
			r.offline(err)
		}
		r.alarm(err)
		r.log.Error("relay: ALARM, somebody must act; sales go on", "code", fault.CodeOf(err), "error", err, "attempts", at.attempts)
		sleep(ctx, r.cfg.AlarmPause)
	case backOff:
		r.offline(err)
		wait := pause(at.attempts, r.cfg.RetryMin, r.cfg.RetryMax)
		r.log.Warn("relay: HQ not reached", "code", fault.CodeOf(err), "error", err, "attempts", at.attempts, "retry_in_ms", wait.Milliseconds())
		sleep(ctx, wait)
	}
}
