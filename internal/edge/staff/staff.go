// Package staff knows the people of the store: who may act as a cashier, and
// in which role. Everything that is written carries a cashier's id, so a person
// is never deleted, only disabled.
//
// People have hashed tokens for now; PINs and sessions come with the five tills.
package staff

import (
	"context"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
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
}

// Person is a member of staff.
type Person struct {
	ID         string     `json:"cashier_id"`
	Name       string     `json:"name"`
	Role       Role       `json:"role"`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Add registers a person and returns their token, which is shown once.
func (p *People) Add(ctx context.Context, id, name string, role Role) (string, error) {
	if !wire.ValidName(id) {
		return "", fault.New(fault.Invalid, "cashier_id_invalid", "a cashier id is 1 to 16 letters and digits").At("id")
	}
	if role != Cashier && role != Manager {
		return "", fault.New(fault.Invalid, "role_invalid", "a role is cashier or manager").At("role")
	}
	text, hash := token.New()
	err := p.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		return edgedb.New().InsertStaff(ctx, tx, edgedb.InsertStaffParams{CashierID: id, StoreID: p.StoreID, Name: name, Role: string(role), TokenHash: hash})
	})
	if fault.KindOf(err) == fault.Conflict {
		return "", fault.New(fault.Conflict, "staff_exists", "%s is on the staff already", id).At("id")
	}
	return text, err
}

// MayAct refuses (403) a cashier id that is not on the staff or is disabled.
func (p *People) MayAct(ctx context.Context, id string) error {
	row, err := edgedb.New().GetStaff(ctx, p.DB, id)
	err = postgres.Fault(err)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err != nil || row.DisabledAt != nil {
		return fault.New(fault.Forbidden, "cashier_not_allowed", "no cashier with this id may act here").At("cashier_id").
			Advise("a manager adds people with: store-edge staff add")
	}
	return nil
}

// List are all people by id.
func (p *People) List(ctx context.Context) ([]Person, error) {
	rows, err := edgedb.New().ListStaff(ctx, p.DB)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	list := make([]Person, len(rows))
	for i, r := range rows {
		list[i] = Person{ID: r.CashierID, Name: r.Name, Role: Role(r.Role), CreatedAt: r.CreatedAt, DisabledAt: r.DisabledAt}
	}
	return list, nil
}
