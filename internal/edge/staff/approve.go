package staff

import (
	"context"
	"slices"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
)

// ApprovalLife is how long an approval is good.
const ApprovalLife = 2 * time.Minute

// Approvable are the permissions that somebody else may stand for: those that
// are about a basket.
var Approvable = []Permission{VoidOthers, Discount, OverridePrice}

// standsFor tells whether somebody with these permissions may stand for another
// one: they must be able to do it themselves.
func standsFor(theirs []Permission, p Permission) bool {
	return slices.Contains(theirs, Approve) && slices.Contains(theirs, p) && slices.Contains(Approvable, p)
}

// Wanted is an approval that somebody who is signed in asks for.
type Wanted struct {
	TerminalID    string
	Asker         Actor
	ApproverID    string
	PIN           string // the approver's
	Permission    Permission
	TransactionID uuid.UUID
}

// Approval is somebody's word; Token is shown once.
type Approval struct {
	Token      string
	ApprovedBy string
	ExpiresAt  time.Time
}

// Approve takes the approver's PIN as their word. Faults: approval_by_self (403),
// approver_not_allowed (403) if they may not do it themselves, and Identify's.
func (p *People) Approve(ctx context.Context, want Wanted) (Approval, error) {
	if want.ApproverID == want.Asker.CashierID {
		return Approval{}, fault.New(fault.Forbidden, "approval_by_self", "nobody approves what they ask for themselves").At("cashier_id").
			Advise("somebody else who may gives their PIN")
	}
	try := Try{TerminalID: want.TerminalID, CashierID: want.ApproverID, PIN: want.PIN, Asker: want.Asker.CashierID}
	proof, err := p.Identify(ctx, try)
	if err != nil {
		return Approval{}, err
	}
	if !standsFor(permissions[proof.Person.Role], want.Permission) {
		return Approval{}, p.refuseApproval(ctx, want, proof)
	}
	return p.grant(ctx, want, proof)
}

func (p *People) grant(ctx context.Context, want Wanted, proof Proof) (Approval, error) {
	text, hash := token.New()
	now := p.now()
	given := Approval{Token: text, ApprovedBy: proof.Person.ID, ExpiresAt: now.Add(ApprovalLife)}
	err := p.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		if err := p.Forgive(ctx, tx, proof); err != nil {
			return err
		}
		err := edgedb.New().InsertApproval(ctx, tx.Queued(), edgedb.InsertApprovalParams{TokenHash: hash, TerminalID: want.TerminalID, CashierID: want.Asker.CashierID,
			ApprovedBy: given.ApprovedBy, Permission: string(want.Permission), TransactionID: want.TransactionID, GrantedAt: now, ExpiresAt: given.ExpiresAt})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: want.TerminalID, CashierID: want.Asker.CashierID, ApprovedBy: given.ApprovedBy,
			Action: audit.Approved, Subject: want.TransactionID.String(), Detail: map[string]any{"permission": string(want.Permission)}})
	})
	if err != nil {
		return Approval{}, err
	}
	return given, nil
}

// refuseApproval writes down that somebody gave their PIN for what they may not
// do themselves. The PIN was right, so the count begins anew.
func (p *People) refuseApproval(ctx context.Context, want Wanted, proof Proof) error {
	err := audit.Alone(ctx, p.DB, func(ctx context.Context, tx *postgres.Tx) error {
		if err := p.Forgive(ctx, tx, proof); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: p.now(), TerminalID: want.TerminalID, CashierID: want.Asker.CashierID, Action: audit.ApprovalRefused,
			Subject: want.TransactionID.String(), Detail: map[string]any{"permission": string(want.Permission), "asked": proof.Person.ID}})
	})
	if err != nil {
		return err
	}
	return fault.New(fault.Forbidden, "approver_not_allowed", "%s may not do this, so they cannot stand for it", proof.Person.ID).At("cashier_id").
		With("permission", string(want.Permission))
}
