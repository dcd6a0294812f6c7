package uplink

import (
	"context"
	"errors"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
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
func (at *pace) react(err error) reaction {
	switch fault.CodeOf(err) {
	case wire.CodeGap:
		return askAgain
	case wirepb.CodeCreditExceeded: // we disagree about the window: a pause is cheap
		return backOff
	case wire.CodeFork, wire.CodeFenced, wire.CodeEventIDReused, wire.CodeRewind, codeHQAhead, codeHole:
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

// retreat does what the end of a conversation over way asks for: it waits, or
// tries the other way at once.
func (r *Relay) retreat(ctx context.Context, at *pace, over Way, err error) {
	at.attempts++
	r.failing(err)
	reaction := at.react(err)
	if reaction == slowAlarm && r.detour.leads(over) && unreached(err) {
		reaction = backOff // nobody must act as long as the second way is there
	}
	if reaction != backOff {
		at.unheard = nil // HQ has said what became of it
	}
	if r.detour.failed(time.Now(), at.answered, err) {
		r.log.Warn("relay: trying the other protocol", "protocol", over.Protocol(), "code", fault.CodeOf(err), "error", err, "attempts", at.attempts)
		return
	}
	switch reaction {
	case askAgain:
		r.again(ctx, at)
	case halve:
		at.limit = max(1, at.sent/2)
	case slowAlarm, hardAlarm:
		if fault.KindOf(err) == fault.NotFound { // whoever answered is not our HQ
			r.blame(over, err)
		}
		r.alarm(err)
		r.log.Error("relay: ALARM, somebody must act; sales go on", "code", fault.CodeOf(err), "error", err, "attempts", at.attempts)
		r.wait(ctx, at, r.cfg.AlarmPause)
	case backOff:
		r.backOff(ctx, at, over, err)
	}
}

// again lets the next conversation begin at once, but does not spin: not after a
// gap behind a fresh watermark, say.
func (r *Relay) again(ctx context.Context, at *pace) {
	if at.refusals++; at.refusals > 1 {
		sleep(ctx, r.pause(at.refusals))
	}
}

// blame tells the line of a failure that may be for the line. gRPC's are not: the
// probes go over HTTP and judge the line, and what fails beside them is the port
// for gRPC, or something between that lets no HTTP/2 pass.
func (r *Relay) blame(over Way, err error) {
	var mine ownError
	if !errors.As(err, &mine) && over.Protocol() != wire.GRPC {
		r.line.Failed(err)
	}
}

// backOff waits, longer each time. A batch that did not get through twice may be
// too much for a slow line within SYNC_TIMEOUT: the next one is smaller.
func (r *Relay) backOff(ctx context.Context, at *pace, over Way, err error) {
	if at.attempts > 1 && at.sent > 1 {
		at.limit = max(1, at.sent/2)
	}
	r.blame(over, err)
	var mine ownError
	wait, own, port := max(r.pause(at.attempts), min(asked(err), r.cfg.RetryMax)), errors.As(err, &mine), r.onlyThePort(over, err)
	log := r.log.With("hq_down", !own && !port, "code", fault.CodeOf(err), "error", err, "protocol", over.Protocol(),
		"attempts", at.attempts, "retry_in_ms", wait.Milliseconds())
	if port {
		log.Warn("relay: HQ's gRPC port cannot be used, and the line is ONLINE; waiting to try again")
	} else {
		log.Warn("relay: waiting to try again")
	}
	r.wait(ctx, at, wait)
}

// onlyThePort tells whether gRPC did not get through, on a line whose last probe was good.
func (r *Relay) onlyThePort(over Way, err error) bool {
	var mine ownError
	heard := r.line.Status()
	return over.Protocol() == wire.GRPC && !errors.As(err, &mine) && unreached(err) && heard.Online && heard.Health.Failures == 0
}

// asked is for how long HQ, refusing, asked to be left alone.
func asked(err error) time.Duration {
	f := fault.As(err)
	if f == nil {
		return 0
	}
	wait, _ := f.Details["retry_after"].(time.Duration)
	return wait
}

// wait waits after a failure. When the line is ONLINE again meanwhile, there is
// no reason to wait any longer, nor to wait as long the next time.
func (r *Relay) wait(ctx context.Context, at *pace, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-r.turn:
			if r.turned() {
				at.attempts = min(at.attempts, 1)
				return
			}
		}
	}
}

// turned hears that the line has changed, and tells whether it is good now.
func (r *Relay) turned() bool {
	if !r.line.Online() {
		return false
	}
	r.detour.online(time.Now())
	return true
}
