// Package staff knows the people of the store: who they are, what their role
// lets them do, and whether somebody at a till is who they say. Everything that
// is written carries a cashier's id, so a person is never deleted, only disabled.
//
// # PINs
//
// A person proves who they are with a PIN (Identify), once for a session (package
// session), and once for each time that they stand for somebody else (Approve).
// The database holds its argon2id hash. A PIN has few digits, so what keeps it
// from being guessed is the backoff: tries are counted in the database, per
// terminal and person, and per person over all terminals, before the PIN is
// looked at. A restart, a second process or five tills at once do not help.
// What one terminal tries holds up nobody elsewhere (queues): tills take turns,
// and each has a budget of wrong tries for all ids together, which bounds what
// invented ids can write. Nobody learns from an answer, or from its time, whether an id exists.
//
// # Permissions
//
// permission.go is the whole table. Who may not do something alone brings
// somebody who may: an approval is that person's word for one permission, on one
// basket, to one colleague at one terminal, for two minutes and once. Nobody
// approves themselves, however high their role.
//
// Whatever changes here writes the audit log, in the same transaction. PINs and
// tokens are in no log, no audit entry and no error.
package staff

import (
	"context"
	"time"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Role is what a person may do.
type Role string

// The roles.
const (
	Cashier Role = "cashier"
	Manager Role = "manager"
)

// People are the staff of one store.
type People struct {
	DB      *postgres.DB
	StoreID string
	Cost    Cost             // of new PINs; zero: StandardCost
	Now     func() time.Time // nil: the machine's clock

	queues queues
}

func (p *People) now() time.Time {
	if p.Now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return p.Now().UTC().Truncate(time.Microsecond)
}

// Person is a member of staff.
type Person struct {
	ID         string     `json:"cashier_id"`
	Name       string     `json:"name"`
	Role       Role       `json:"role"`
	HasPIN     bool       `json:"has_pin"` // else nobody can sign in as them yet
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Add registers a person with a random PIN and returns it; it is shown once.
func (p *People) Add(ctx context.Context, id, name string, role Role) (pin string, err error) {
	if pin, err = NewPIN(); err != nil {
		return "", err
	}
	return pin, p.AddWithPIN(ctx, id, name, role, pin)
}

// AddWithPIN registers a person with a PIN of their choice. Faults:
// cashier_id_invalid, name_invalid, looks_like_card_number, role_invalid,
// pin_invalid (422), staff_exists (409).
func (p *People) AddWithPIN(ctx context.Context, id, name string, role Role, pin string) error {
	if !wire.ValidName(id) {
		return fault.New(fault.Invalid, "cashier_id_invalid", "a cashier id is 1 to 16 letters and digits").At("id")
	}
	if err := CheckName(name); err != nil {
		return err
	}
	if _, known := permissions[role]; !known {
		return fault.New(fault.Invalid, "role_invalid", "a role is cashier or manager").At("role")
	}
	if err := CheckPIN(pin); err != nil {
		return err
	}
	hash, err := p.hashPIN(ctx, pin)
	if err != nil {
		return err
	}
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		err := edgedb.New().InsertStaff(ctx, tx, edgedb.InsertStaffParams{CashierID: id, StoreID: p.StoreID, Name: name, Role: string(role), PinHash: hash})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: p.now(), Action: audit.StaffAdded, Subject: id, Detail: map[string]any{"role": string(role)}})
	})
	if fault.KindOf(err) == fault.Conflict {
		return fault.New(fault.Conflict, "staff_exists", "%s is on the staff already", id).At("id").
			Advise("staff reset-pin gives them a new PIN, staff enable lets them back in")
	}
	return err
}

// List are all people by id.
func (p *People) List(ctx context.Context) ([]Person, error) {
	rows, err := edgedb.New().ListStaff(ctx, p.DB)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	list := make([]Person, len(rows))
	for i, r := range rows {
		list[i] = Person{ID: r.CashierID, Name: r.Name, Role: Role(r.Role), HasPIN: r.HasPin, CreatedAt: r.CreatedAt, DisabledAt: r.DisabledAt}
	}
	return list, nil
}
