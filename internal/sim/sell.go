package sim

import (
	"context"
	"fmt"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

// Outcome is how a visit ended.
type Outcome struct {
	TransactionID uuid.UUID
	Basket        *Basket // as the edge last showed it; PAID or VOIDED
	Key           string  // of finalize: the same call again must give the same receipt
}

// Sell serves one shopper, from the first scan to PAID or VOIDED. What comes
// back without an error was seen by the cashier; with an error, the outcome's
// id says which basket is in doubt (zero: none was opened).
func (t *Till) Sell(ctx context.Context, v Visit) (Outcome, error) {
	out := Outcome{TransactionID: newID(), Key: NewKey()}
	if err := t.open(ctx, out.TransactionID, v.Probe); err != nil {
		return out, err
	}
	basket, err := t.fill(ctx, out.TransactionID, v)
	if err != nil {
		return out, err
	}
	if v.GivesUp {
		out.Basket, err = t.giveUp(ctx, out.TransactionID)
		return out, err
	}
	for _, tender := range v.tenders(basket.Totals.Due) {
		if err := t.take(ctx, out.TransactionID, tender, v.Probe); err != nil {
			return out, err
		}
	}
	if out.Basket, err = t.Finalize(ctx, out.TransactionID, out.Key); err != nil {
		return out, err
	}
	return out, t.probePaid(ctx, out, v.Probe)
}

func (t *Till) giveUp(ctx context.Context, id uuid.UUID) (*Basket, error) {
	b, err := t.Void(ctx, id, NewKey())
	if err == nil && b.Status != sale.Voided {
		return nil, fault.New(fault.Internal, "not_voided", "void of %s succeeded, but it is %s", id, b.Status)
	}
	return b, err
}

func (t *Till) open(ctx context.Context, id uuid.UUID, probe Probe) error {
	key := NewKey()
	if _, err := t.Open(ctx, id, key); err != nil || probe != OpenTwice {
		return err
	}
	for _, again := range []string{key, NewKey()} {
		b, err := t.Open(ctx, id, again)
		if err != nil {
			return unlessSilent(id, probe, "one basket", err)
		}
		if b.ID != id || len(b.Lines) != 0 {
			return breach(id, probe, "the same basket", fmt.Sprintf("basket %s with %d lines", b.ID, len(b.Lines)))
		}
	}
	return nil
}

// fill scans the picks, then makes the edits. Lines are numbered in the order
// in which they were scanned.
func (t *Till) fill(ctx context.Context, id uuid.UUID, v Visit) (*Basket, error) {
	var basket *Basket
	for i, pick := range v.Picks {
		key := NewKey()
		b, err := t.Scan(ctx, id, pick, key)
		if err != nil {
			return nil, err
		}
		if basket = b; i == 0 {
			if err := t.probeScan(ctx, id, pick, key, v.Probe); err != nil {
				return nil, err
			}
		}
	}
	for _, edit := range v.Edits {
		b, err := t.edit(ctx, id, edit)
		if err != nil {
			return nil, err
		}
		basket = b
	}
	return basket, nil
}

func (t *Till) edit(ctx context.Context, id uuid.UUID, edit Edit) (*Basket, error) {
	lineNo := int32(edit.Line) + 1
	if edit.Remove {
		return t.Remove(ctx, id, lineNo, NewKey())
	}
	return t.ChangeQuantity(ctx, id, lineNo, edit.Quantity, NewKey())
}

// take takes one payment; a QR is captured by the customer's phone.
func (t *Till) take(ctx context.Context, id uuid.UUID, tender sale.Tender, probe Probe) error {
	key := NewKey()
	p, err := t.Pay(ctx, id, tender, key)
	if err != nil {
		return err
	}
	if probe == PayTwice {
		if err := t.probePay(ctx, id, tender, key); err != nil {
			return err
		}
	}
	if p.Status == sale.Captured {
		return nil
	}
	settled, err := t.Simulate(ctx, p.ID, sale.Captured, NewKey())
	if err == nil && settled.Status != sale.Captured {
		err = fault.New(fault.Internal, "not_captured", "payment %s was captured, but it is %s", p.ID, settled.Status)
	}
	return err
}
