package staff

import (
	"context"
	"errors"
	"math"
	"time"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Try is somebody's claim, at a terminal, to be a person.
type Try struct {
	TerminalID string
	CashierID  string
	PIN        string
	Asker      string // who is signed in there, and wants the person's approval; empty: nobody
}

// Proof is that the right PIN was given.
type Proof struct {
	Person Person

	try     Try
	counted counted
}

// Identify is the person whose id and PIN these are. Faults: pin_wrong (401),
// also for an id that nobody has, or whose person has no PIN yet: the same
// words and the same work; pin_blocked (429, retry_after_seconds) while a pause
// runs, without looking at the PIN; too_many_attempts (429, retry_after_seconds)
// if the terminal tries more than it may, whoever it is for; cashier_disabled
// (403) to the person themselves; pin_check_busy (503).
//
// The try is counted, and committed, before the PIN is looked at: guesses in
// parallel cannot outrun the count. It is Forgive that takes it back, in the
// transaction of what the PIN was given for. A caller that hangs up meanwhile
// does not keep a refusal out of the audit log.
func (p *People) Identify(ctx context.Context, try Try) (Proof, error) {
	q, leave, err := p.queues.enter(ctx, try.TerminalID, p.now())
	if err != nil {
		return Proof{}, err
	}
	defer leave()
	c, right, err := p.look(ctx, try)
	if err != nil {
		return Proof{}, err
	}
	if !right {
		q.spend(p.now())
		return Proof{}, p.refuse(ctx, try, c, audit.PINWrong, errWrong())
	}
	row := c.rows.Person
	if row.DisabledAt != nil {
		return Proof{}, p.refuse(ctx, try, c, audit.PINRefused, ErrDisabled)
	}
	return Proof{Person: Person{ID: row.CashierID, Name: row.Name, Role: Role(row.Role)}, try: try, counted: c}, nil
}

// look counts the try and looks at the PIN, when it is its turn.
func (p *People) look(ctx context.Context, try Try) (c counted, right bool, err error) {
	err = inTurn(ctx, func() error {
		var err error
		if c, err = p.count(ctx, try); err == nil {
			right = c.matches(try.PIN, p.cost())
		}
		return err
	})
	return c, right, err
}

// ErrDisabled is the fault of a person who may not act any more (403).
var ErrDisabled = fault.New(fault.Forbidden, "cashier_disabled", "this person may not act here any more").
	Advise("the basket is kept: somebody else signs in and goes on; a manager lets people back in with: store-edge staff enable")

// counted is a try that has been counted.
type counted struct {
	rows  edgedb.PersonRows // as they were before it
	at    time.Time
	pause time.Duration // that follows, if the PIN is wrong
}

// count counts the try, unless a pause runs.
func (p *People) count(ctx context.Context, try Try) (c counted, err error) {
	var left time.Duration
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q, now := edgedb.New(), p.now()
		var err error
		if c.rows, err = edgedb.LockPersonFor(ctx, tx, try.CashierID, try.TerminalID); err != nil {
			return err
		}
		var restart bool
		if left, restart = waiting(c.rows.Attempts, now); restart {
			return q.RestartPause(ctx, tx.Queued(), try.CashierID, now, try.TerminalID)
		}
		if left > 0 {
			return nil
		}
		c.at, c.pause = now, pauseOf(c.rows.Attempts)
		return q.CountAttempt(ctx, tx.Queued(), try.CashierID, now, try.TerminalID)
	})
	if err == nil && left > 0 {
		err = errBlocked(left)
	}
	return c, err
}

func errBlocked(left time.Duration) error {
	return fault.New(fault.Throttled, "pin_blocked", "this PIN was wrong too often").
		Advise("wait; a manager gives a new PIN with: store-edge staff reset-pin").
		With("retry_after_seconds", int64(math.Ceil(left.Seconds())))
}

// matches tells whether the PIN is the person's. It does the same work if there
// is no such person, or no PIN.
func (c counted) matches(pin string, cost Cost) bool {
	if c.rows.Person.PinHash != nil {
		if h, err := parsePHC(*c.rows.Person.PinHash); err == nil {
			return h.isOf(pin)
		}
	}
	newPHC(pin, cost)
	return false
}

// refuse writes down that a try was refused after its PIN was looked at, and the
// pause that it led to, and returns why. An id that nobody has is not written: it
// may be a PIN in the wrong field.
func (p *People) refuse(ctx context.Context, try Try, c counted, action audit.Action, why error) error {
	entry := audit.Entry{At: p.now(), TerminalID: try.TerminalID, CashierID: try.Asker, Action: action}
	if c.rows.Found {
		entry.Subject = try.CashierID
	}
	entries := []audit.Entry{entry}
	if c.pause > 0 {
		entry.Action, entry.Detail = audit.PINBlocked, map[string]any{"seconds": int64(c.pause.Seconds())}
		entries = append(entries, entry)
	}
	if err := audit.WriteAlone(ctx, p.DB, entries...); err != nil {
		return err
	}
	return why
}

func errWrong() error {
	return fault.New(fault.Unauthorized, "pin_wrong", "the id or the PIN is wrong").
		Advise("after some wrong ones there is a pause; a manager gives a new PIN with: store-edge staff reset-pin")
}

// Forgive forgets the person's wrong PINs up to the right one, at this terminal
// and in the count of all, together with tx. What somebody else tried meanwhile
// stays counted. A PIN that was replaced since it was looked at is pin_wrong: the
// sessions that the old one opened have been ended, and it opens none behind them.
func (*People) Forgive(ctx context.Context, tx *postgres.Tx, proof Proof) error {
	q, try := edgedb.New(), proof.try
	now, err := edgedb.LockPersonFor(ctx, tx, try.CashierID, try.TerminalID)
	if err != nil {
		return err
	}
	if was, is := proof.counted.rows.Person.PinHash, now.Person.PinHash; was == nil || is == nil || *was != *is {
		return errWrong()
	}
	inStore, here := int32(1), int32(1)
	for _, a := range proof.counted.rows.Attempts {
		if a.TerminalID == "" {
			inStore += a.Failures
		} else {
			here += a.Failures
		}
	}
	return errors.Join(
		q.ForgiveAttempts(ctx, tx.Queued(), edgedb.ForgiveAttemptsParams{CashierID: try.CashierID, TerminalID: try.TerminalID, At: proof.counted.at, InStore: inStore, Here: here}),
		q.KeepLaterAttempts(ctx, tx.Queued(), try.CashierID, inStore, here, try.TerminalID))
}
