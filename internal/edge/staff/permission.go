package staff

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Permission is something that not everybody may do.
type Permission string

// The permissions.
const (
	Sell          Permission = "sell"           // open, scan, take money, finalize, suspend, resume, void one's own basket, print
	VoidOthers    Permission = "void_others"    // void a basket that somebody else opened
	Discount      Permission = "discount"       // take something off a line
	OverridePrice Permission = "override_price" // sell at another price than the catalogue's
	PairTerminals Permission = "pair_terminals" // let a new till in
	ReadAudit     Permission = "read_audit"
	Approve       Permission = "approve" // stand with one's PIN for what somebody else may not do alone
)

// permissions is the whole table; what is not in it is refused.
var permissions = map[Role][]Permission{
	Cashier: {Sell},
	Manager: {Sell, VoidOthers, Discount, OverridePrice, PairTerminals, ReadAudit, Approve},
}

// May tells whether the role alone suffices.
func (r Role) May(p Permission) bool { return slices.Contains(permissions[r], p) }

// Actor is the person who is signed in at the till that asks.
type Actor struct {
	CashierID string
	Role      Role
}

// Ask is an actor's wish to do something that their role may not allow.
type Ask struct {
	Actor         Actor
	TerminalID    string
	Permission    Permission
	TransactionID uuid.UUID
	Approval      []byte // hash of the approval token that came with the call; nil: none
	Now           time.Time
}

// Permit tells who answers for what is asked: nobody else (approvedBy is empty)
// if the actor's role suffices, else the person whose approval it uses up, in
// tx: if the transaction rolls back, the approval is still good. Faults (403):
// permission_needed without one, with the permission in its details;
// approval_invalid with one that was used, has expired, was given for something
// else, or is not from this time (ClockSlack).
func (p *People) Permit(ctx context.Context, tx *postgres.Tx, ask Ask) (approvedBy string, err error) {
	if ask.Actor.Role.May(ask.Permission) {
		return "", nil
	}
	if ask.Approval == nil {
		return "", ErrPermission(ask.Actor, ask.Permission).
			Advise("somebody who may gives their PIN: POST /v1/approvals, then the same call with X-Approval")
	}
	approvedBy, err = edgedb.New().UseApproval(ctx, tx, edgedb.UseApprovalParams{TokenHash: ask.Approval, TerminalID: ask.TerminalID,
		CashierID: ask.Actor.CashierID, Permission: string(ask.Permission), TransactionID: ask.TransactionID, At: &ask.Now,
		NotAfter: ask.Now.Add(ClockSlack)})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.New(fault.Forbidden, "approval_invalid", "this approval is not for this, or is used up").
			Advise("an approval is good for two minutes and once, for one thing at one basket: ask for another")
	}
	return approvedBy, err
}

// ErrPermission is the fault of an actor whose role does not allow something (403).
func ErrPermission(actor Actor, p Permission) *fault.Error {
	return fault.New(fault.Forbidden, "permission_needed", "%s may not do this alone", actor.CashierID).With("permission", string(p))
}
