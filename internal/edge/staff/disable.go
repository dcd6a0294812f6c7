package staff

import (
	"context"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Disable keeps a person from everything from now on, also where they are signed
// in: their next call is refused (cashier_disabled), and their baskets are kept.
// Somebody who is disabled already stays so without an error. Faults:
// staff_not_found (404).
func (p *People) Disable(ctx context.Context, id string) error {
	return p.alter(ctx, id, audit.StaffDisabled, func(ctx context.Context, tx *postgres.Tx) (int64, error) {
		now := p.now()
		return edgedb.New().DisableStaff(ctx, tx, id, &now)
	})
}

// Enable takes Disable back. Faults: staff_not_found (404).
func (p *People) Enable(ctx context.Context, id string) error {
	return p.alter(ctx, id, audit.StaffEnabled, func(ctx context.Context, tx *postgres.Tx) (int64, error) {
		return edgedb.New().EnableStaff(ctx, tx, id)
	})
}

// ResetPIN gives a person a new PIN: the one given, or a random one if pin is
// empty. The old PIN is worth nothing from then on, nor is any session that it
// opened; wrong tries are forgiven. Faults: pin_invalid (422), staff_not_found (404).
func (p *People) ResetPIN(ctx context.Context, id, pin string) (newPIN string, err error) {
	if pin == "" {
		if pin, err = NewPIN(); err != nil {
			return "", err
		}
	}
	if err := CheckPIN(pin); err != nil {
		return "", err
	}
	hash, err := p.hashPIN(ctx, pin)
	if err != nil {
		return "", err
	}
	return pin, p.alter(ctx, id, audit.StaffPINReset, func(ctx context.Context, tx *postgres.Tx) (int64, error) {
		q := edgedb.New()
		if err := q.LockPerson(ctx, tx, id); err != nil { // the old PIN may just be on its way into a session
			return 0, err
		}
		n, err := q.ResetPIN(ctx, tx, id, hash)
		if err != nil || n == 0 {
			return n, err
		}
		if err := q.ForgiveAllAttempts(ctx, tx, id); err != nil {
			return n, err
		}
		return n, q.EndSessionsOfCashier(ctx, tx, id, p.now())
	})
}

// alter runs change and writes it down, unless there was nothing to change.
func (p *People) alter(ctx context.Context, id string, action audit.Action, change func(context.Context, *postgres.Tx) (int64, error)) error {
	return p.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		changed, err := change(ctx, tx)
		if err != nil {
			return err
		}
		if changed > 0 {
			return audit.Write(ctx, tx, audit.Entry{At: p.now(), Action: action, Subject: id})
		}
		known, err := edgedb.New().StaffExists(ctx, tx, id)
		if err == nil && !known {
			return fault.New(fault.NotFound, "staff_not_found", "nobody on the staff has this id").At("id").Advise("store-edge staff list shows who there is")
		}
		return err
	})
}
