package checkout

import (
	"context"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/failpoint"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/receipt"
	"tiem/internal/sale"
)

// PrintReceipt is the text of a PAID transaction's receipt: the original the
// first time, a marked copy ever after. The print is committed before the text
// is given out, so whatever dies in between, there are never two originals; at
// worst there is none, and the copy says so. For the same reason it takes no
// Idempotency-Key, also of by: a remembered answer would be the original once
// more. Any terminal of the store may print, and a copy is in the audit log.
// Faults: transaction_not_found (404), not_paid (409).
func (d *Desk) PrintReceipt(ctx context.Context, by Caller, id uuid.UUID, language receipt.Language) (string, error) {
	by.Once = idempotency.Request{}
	printed, err := locked(ctx, d, by, id, nil, func(ctx context.Context, tx *postgres.Tx, s *stored) (int, receipt.Receipt, error) {
		r, err := d.countPrint(ctx, tx, by.TerminalID, s)
		return 200, r, err
	})
	if err != nil {
		return "", err
	}
	failpoint.Hit("receipt.after_commit")
	return printed.Body.Text(language), nil
}

// countPrint counts under the transaction's lock: of two prints at once, one
// waits and is the copy.
func (d *Desk) countPrint(ctx context.Context, tx *postgres.Tx, terminalID string, s *stored) (receipt.Receipt, error) {
	if s.t.Status != sale.Paid {
		return receipt.Receipt{}, fault.New(fault.Conflict, "not_paid", "this basket is %s: only a paid sale has a receipt", s.t.Status).
			Advise("finalize it first")
	}
	view, err := s.view("")
	if err != nil {
		return receipt.Receipt{}, err
	}
	now := d.now()
	n, err := edgedb.New().InsertReceiptPrint(ctx, tx, s.t.ID, terminalID, orNil(s.acting), now)
	if err == nil && n > 0 {
		err = audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: terminalID, CashierID: s.acting, Action: audit.ReceiptReprinted,
			Subject: s.t.ID.String(), Detail: map[string]any{"receipt_no": s.t.ReceiptNo, "copy_no": n}})
	}
	return receipt.Receipt{Sale: &s.t, Totals: view.Totals, Zone: d.Day.Zone, Print: receipt.Print{CopyNo: n, TerminalID: terminalID, At: now}}, err
}
