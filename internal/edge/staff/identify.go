package staff

import (
	"context"
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

// Identify is the person whose id and PIN these are. Faults: pin_wrong (401),
// also for an id that nobody has, or whose person has no PIN yet: the same
// words and the same work; pin_blocked (429, retry_after_seconds) while a pause
// runs, without looking at the PIN; cashier_disabled (403) to the person
// themselves; pin_check_busy (503).
//
// The try is counted, and committed, before the PIN is looked at: guesses in
// parallel cannot outrun the count. It is Forgive that takes it back, in the
// transaction of what the PIN was given for.
func (p *People) Identify(ctx context.Context, try Try) (person Person, err error) {
	err = inTurn(ctx, func() error {
		counted, err := p.count(ctx, try)
		if err != nil {
			return err
		}
		if !counted.matches(try.PIN, p.cost()) {
			return p.wrong(ctx, try, counted)
		}
		row := counted.rows.Person
		person = Person{ID: row.CashierID, Name: row.Name, Role: Role(row.Role), DisabledAt: row.DisabledAt}
		if person.DisabledAt != nil {
			return ErrDisabled
		}
		return nil
	})
	if err != nil {
		return Person{}, err
	}
	return person, nil
}

// ErrDisabled is the fault of a person who may not act any more (403).
var ErrDisabled = fault.New(fault.Forbidden, "cashier_disabled", "this person may not act here any more").
	Advise("the basket is kept: somebody else signs in and goes on; a manager lets people back in with: store-edge staff enable")

// counted is a try that has been counted.
type counted struct {
	rows  edgedb.PersonRows
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
		c.pause = pauseOf(c.rows.Attempts)
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

// wrong writes down that a PIN was wrong, and the pause that it led to. An id
// that nobody has is not written: it may be a PIN in the wrong field.
func (p *People) wrong(ctx context.Context, try Try, c counted) error {
	entry := audit.Entry{At: p.now(), TerminalID: try.TerminalID, CashierID: try.Asker, Action: audit.PINWrong}
	if c.rows.Found {
		entry.Subject = try.CashierID
	}
	err := p.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		if err := audit.Write(ctx, tx, entry); err != nil || c.pause == 0 {
			return err
		}
		blocked := entry
		blocked.Action, blocked.Detail = audit.PINBlocked, map[string]any{"seconds": int64(c.pause.Seconds())}
		return audit.Write(ctx, tx, blocked)
	})
	if err != nil {
		return err
	}
	return fault.New(fault.Unauthorized, "pin_wrong", "the id or the PIN is wrong").
		Advise("after some wrong ones there is a pause; a manager gives a new PIN with: store-edge staff reset-pin")
}

// Forgive forgets the person's wrong PINs, at this terminal and in the count of
// all, together with tx: they have given the right one.
func (*People) Forgive(ctx context.Context, tx *postgres.Tx, try Try) error {
	return edgedb.New().ForgiveAttempts(ctx, tx.Queued(), try.CashierID, try.TerminalID)
}
