package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/staff"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Discount sets what is taken off a line, in minor units; 0 takes the discount
// off again. It takes the permission discount, of the caller or of somebody who
// approves. Faults: permission_needed (403), payments_exist (409),
// discount_too_large, reason_invalid, looks_like_card_number (422).
func (d *Desk) Discount(ctx context.Context, by Caller, id uuid.UUID, lineNo int32, amount money.Amount, reason string) (Reply, error) {
	return d.overrideLine(ctx, by, id, staff.Discount, audit.LineDiscounted, reason, func(t *sale.Transaction, say sale.Say) (*sale.Line, *sale.Override, error) {
		return t.SetDiscount(lineNo, amount, say)
	})
}

// OverridePrice sells a line at another unit price than the catalogue's, in
// minor units. It takes the permission override_price; faults as Discount.
func (d *Desk) OverridePrice(ctx context.Context, by Caller, id uuid.UUID, lineNo int32, price money.Amount, reason string) (Reply, error) {
	return d.overrideLine(ctx, by, id, staff.OverridePrice, audit.PriceOverridden, reason, func(t *sale.Transaction, say sale.Say) (*sale.Line, *sale.Override, error) {
		return t.OverridePrice(lineNo, price, say)
	})
}

// overrideLine asks the rule before it asks who answers for it: nobody is asked
// to approve what cannot be, or what is so already. So a till whose answer was
// lost may ask again, though the approval is used up.
func (d *Desk) overrideLine(ctx context.Context, by Caller, id uuid.UUID, needs staff.Permission, action audit.Action, reason string,
	apply func(*sale.Transaction, sale.Say) (*sale.Line, *sale.Override, error),
) (Reply, error) {
	if err := sale.CheckReason(reason); err != nil {
		return Reply{}, err
	}
	return d.change(ctx, by, id, 200, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		line, done, err := apply(&s.t, sale.Say{CashierID: s.acting, Reason: reason, At: now})
		if err != nil || done == nil {
			return nil, err
		}
		approvedBy, err := d.permit(ctx, tx, by, s, needs, now)
		if err != nil {
			return nil, err
		}
		done.ApprovedBy = approvedBy
		if err := queueLine(ctx, tx, s.t.ID, line); err != nil {
			return nil, err
		}
		if err := d.queueOverride(ctx, tx, by, s, done); err != nil {
			return nil, err
		}
		return nil, audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: by.TerminalID, CashierID: s.acting, ApprovedBy: approvedBy, Action: action,
			Subject: s.t.ID.String(), Reason: reason, Detail: map[string]any{"line_no": done.LineNo, "sku": line.SKU, "before": done.Before, "after": done.After}})
	}))
}

// permit is staff.Permit for what the caller wants to do with a locked basket.
func (d *Desk) permit(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, needs staff.Permission, now time.Time) (approvedBy string, err error) {
	return d.People.Permit(ctx, tx, staff.Ask{Actor: by.Cashier, TerminalID: by.TerminalID, Permission: needs, TransactionID: s.t.ID,
		Approval: by.Approval, Now: now})
}

// queueOverride writes the last of the basket's overrides.
func (d *Desk) queueOverride(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, o *sale.Override) error {
	return edgedb.New().InsertOverride(ctx, tx.Queued(), edgedb.InsertOverrideParams{TransactionID: s.t.ID, OverrideNo: int32(len(s.t.Overrides)),
		LineNo: o.LineNo, StoreID: d.StoreID, TerminalID: by.TerminalID, CashierID: o.CashierID, ApprovedBy: orNil(o.ApprovedBy),
		Kind: string(o.Kind), Before: int64(o.Before), After: int64(o.After), Reason: o.Reason, At: o.At})
}
