package sim

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

// probeScan sends a scan again: under the same key it is one line, and another
// quantity under that key is refused.
func (t *Till) probeScan(ctx context.Context, id uuid.UUID, pick Pick, key string, probe Probe) error {
	t.probing = true
	defer func() { t.probing = false }()
	switch probe {
	case ScanTwice:
		b, err := t.Scan(ctx, id, pick, key)
		if err != nil {
			return unlessSilent(id, probe, "the stored answer", err)
		}
		if len(b.Lines) != 1 {
			return breach(id, probe, "one line", fmt.Sprintf("%d lines", len(b.Lines)))
		}
	case ScanOther:
		pick.Quantity++
		_, err := t.Scan(ctx, id, pick, key)
		return refused(id, probe, "idempotency_conflict", err)
	default:
	}
	return nil
}

// probePay sends a payment again, with the same key and with a new one: its id
// makes it the same payment.
func (t *Till) probePay(ctx context.Context, id uuid.UUID, tender sale.Tender, key string) error {
	t.probing = true
	defer func() { t.probing = false }()
	for _, again := range []string{key, NewKey()} {
		p, err := t.Pay(ctx, id, tender, again)
		if err != nil {
			return unlessSilent(id, PayTwice, "the same payment", err)
		}
		if p.ID != tender.ID || p.Amount != tender.Amount {
			return breach(id, PayTwice, fmt.Sprintf("payment %s of %s", tender.ID, tender.Amount), fmt.Sprintf("payment %s of %s", p.ID, p.Amount))
		}
	}
	return nil
}

// probePaid does to a paid sale what must not change it.
func (t *Till) probePaid(ctx context.Context, out Outcome, probe Probe) error {
	t.probing = true
	defer func() { t.probing = false }()
	switch probe {
	case FinalizeTwice:
		for _, key := range []string{out.Key, NewKey()} {
			if err := t.sameReceipt(ctx, out, key); err != nil {
				return err
			}
		}
	case VoidPaid:
		_, err := t.Void(ctx, out.TransactionID, NewKey())
		return refused(out.TransactionID, probe, "transaction_paid", err)
	default:
	}
	return nil
}

// sameReceipt finalizes a paid sale again.
func (t *Till) sameReceipt(ctx context.Context, out Outcome, key string) error {
	b, err := t.Finalize(ctx, out.TransactionID, key)
	switch {
	case err != nil:
		return unlessSilent(out.TransactionID, FinalizeTwice, "receipt "+out.Basket.ReceiptNo, err)
	case b.ReceiptNo != out.Basket.ReceiptNo || b.Totals.Total != out.Basket.Totals.Total:
		return breach(out.TransactionID, FinalizeTwice,
			fmt.Sprintf("receipt %s of %s", out.Basket.ReceiptNo, out.Basket.Totals.Total), fmt.Sprintf("receipt %s of %s", b.ReceiptNo, b.Totals.Total))
	}
	return nil
}

// refused is nil if err is a 409 with the code.
func refused(id uuid.UUID, probe Probe, code string, err error) error {
	switch {
	case err == nil:
		return breach(id, probe, "409 "+code, "a success")
	case statusOf(err) == http.StatusConflict && fault.CodeOf(err) == code:
		return nil
	}
	return unlessSilent(id, probe, "409 "+code, err)
}

// unlessSilent is a breach if the edge answered with err; if nobody answered,
// that proves nothing, and it is err itself.
func unlessSilent(id uuid.UUID, probe Probe, want string, err error) error {
	if statusOf(err) == 0 {
		return err
	}
	return breach(id, probe, want, err.Error())
}

// breach is a violation of invariant B, seen by a till.
func breach(id uuid.UUID, probe Probe, want, got string) error {
	return &DifferenceError{Invariant: "B", About: "transaction " + id.String(), What: string(probe) + ": a repeated request had an effect of its own",
		Want: want, Got: got}
}
