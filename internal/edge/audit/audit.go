// Package audit is the store's append-only record of what people did that
// somebody may ask about later: sign-ins and wrong PINs, approvals, voids,
// discounts and overrides, and changes of staff and terminals.
//
// An entry is written in the transaction of what it tells of, so there is none
// without the other; one that tells of a refusal has a transaction of its own,
// which a caller that hangs up does not end (Alone). The database refuses to change or delete entries. It is not
// the outbox: it says who leaned on which rule, not what the shop sold, and it
// stays in the shop.
package audit

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Action is what was done; stable names.
type Action string

// The actions.
const (
	SignedIn         Action = "session.opened"
	SignedOut        Action = "session.ended"
	PINWrong         Action = "pin.wrong"
	PINBlocked       Action = "pin.blocked"
	PINRefused       Action = "pin.refused" // the right one, of somebody who is disabled
	Approved         Action = "approval.granted"
	ApprovalRefused  Action = "approval.refused" // the right PIN, of somebody who may not do it either
	StaffAdded       Action = "staff.added"
	StaffDisabled    Action = "staff.disabled"
	StaffEnabled     Action = "staff.enabled"
	StaffPINReset    Action = "staff.pin_reset"
	TerminalAdded    Action = "terminal.added"
	TerminalRotated  Action = "terminal.token_rotated"
	PairingCodeMade  Action = "terminal.pairing_code"
	TerminalPaired   Action = "terminal.paired"
	PairingFailed    Action = "terminal.pairing_failed" // a code that was not good
	TerminalRevoked  Action = "terminal.revoked"
	BasketSuspended  Action = "basket.suspended"
	BasketResumed    Action = "basket.resumed"
	BasketTakenOver  Action = "basket.taken_over"
	BasketVoided     Action = "basket.voided"
	LineDiscounted   Action = "line.discounted"
	PriceOverridden  Action = "line.price_overridden"
	LineRemoved      Action = "line.removed"
	PaymentCancelled Action = "payment.cancelled"
	ReceiptReprinted Action = "receipt.reprinted"
)

// Entry is one thing that was done.
type Entry struct {
	At         time.Time
	TerminalID string // empty: not at a till
	CashierID  string // who acted; empty: the command line on the shop's server
	ApprovedBy string // whose PIN stood for it; empty: nobody's, the actor's role sufficed
	Action     Action
	Subject    string // a transaction's, terminal's or person's id
	Reason     string // as the actor gave it
	Detail     map[string]any
}

// aloneTimeout is how long a refusal may take to be written down.
const aloneTimeout = 5 * time.Second

// Alone runs f in a transaction of its own that goes on when ctx is cancelled,
// for 5 seconds at most: whoever hangs up on a refusal does not keep it out of
// the log.
func Alone(ctx context.Context, db *postgres.DB, f func(context.Context, *postgres.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aloneTimeout)
	defer cancel()
	return db.InTx(ctx, f)
}

// WriteAlone writes what was refused (Alone).
func WriteAlone(ctx context.Context, db *postgres.DB, entries ...Entry) error {
	return Alone(ctx, db, func(ctx context.Context, tx *postgres.Tx) error {
		for _, e := range entries {
			if err := Write(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Write queues the entry; it travels together with COMMIT.
func Write(ctx context.Context, tx *postgres.Tx, e Entry) error {
	detail := []byte("{}")
	if len(e.Detail) > 0 {
		var err error
		if detail, err = json.Marshal(e.Detail, json.Deterministic(true)); err != nil {
			return fault.Wrap(err, fault.Internal, "audit_unwritable", "the audit entry cannot be encoded")
		}
	}
	return edgedb.New().InsertAudit(ctx, tx.Queued(), edgedb.InsertAuditParams{At: e.At, TerminalID: e.TerminalID, CashierID: e.CashierID,
		ApprovedBy: e.ApprovedBy, Action: string(e.Action), Subject: e.Subject, Reason: e.Reason, Detail: string(detail)})
}
