package checkout

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// locked runs fn in one database transaction, under the caller's
// Idempotency-Key, on a transaction that is locked and read: from there on
// nobody else changes it, its lines or its payments. also, which may be nil,
// queues what is to travel behind the lock in the same round trip.
func locked[T any](ctx context.Context, d *Desk, by Caller, id uuid.UUID, also func(*pgx.Batch),
	fn func(ctx context.Context, tx *postgres.Tx, s *stored) (int, T, error),
) (idempotency.Reply[T], error) {
	var rows edgedb.SaleRows
	open := func(b *pgx.Batch) {
		edgedb.LockSale(b, id, &rows)
		if also != nil {
			also(b)
		}
	}
	return idempotency.Run(ctx, d.DB, by.Once, d.Now, open,
		func(ctx context.Context, tx *postgres.Tx) (status int, body T, err error) {
			s, err := restore(&rows)
			if err != nil {
				return 0, body, err
			}
			return fn(ctx, tx, s)
		})
}

func (d *Desk) read(ctx context.Context, id uuid.UUID) (*stored, error) {
	rows, err := edgedb.ReadSale(ctx, d.DB, id)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	return restore(&rows)
}

// restore turns rows into the domain's types; transaction_not_found if there are none.
func restore(rows *edgedb.SaleRows) (*stored, error) {
	if !rows.Found {
		return nil, errNotFound
	}
	r := rows.Transaction
	s := &stored{t: sale.Transaction{ID: r.ID, StoreID: r.StoreID, TerminalID: r.TerminalID, CashierID: r.CashierID, ShiftID: r.ShiftID,
		Status: sale.Status(r.Status), Currency: r.Currency, CreatedAt: r.CreatedAt, FinalizedAt: r.FinalizedAt, Version: r.Version,
		LastLineNo: r.LastLineNo, Lines: make([]sale.Line, len(rows.Lines)), Payments: make([]sale.Payment, len(rows.Payments))}}
	if r.ReceiptNo != nil {
		s.t.ReceiptNo = *r.ReceiptNo
	}
	if r.BusinessDate != nil {
		s.t.BusinessDate = r.BusinessDate.Format("2006-01-02")
	}
	for i, l := range rows.Lines {
		s.t.Lines[i] = line(l)
	}
	for i, p := range rows.Payments {
		s.t.Payments[i] = paymentOf(edgedb.GetPaymentRow(p))
	}
	if r.TaxLines != nil {
		if err := json.Unmarshal(r.TaxLines, &s.taxLines); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "tax_lines_unreadable", "the tax lines of sale %s cannot be read", r.ID)
		}
	}
	for _, rate := range rows.Rates {
		s.rates = append(s.rates, pricing.DatedRate{TaxCode: rate.TaxCode, ValidFrom: rate.ValidFrom.Format("2006-01-02"), RateBP: rate.RateBp})
	}
	return s, nil
}

func line(l edgedb.LinesOfRow) sale.Line {
	out := sale.Line{LineNo: l.LineNo, ItemID: l.ItemID, SKU: l.SKU, Name: l.Name, Unit: l.Unit, Category: l.Category,
		AgeRestricted: l.AgeRestricted, Quantity: sale.Quantity(l.QuantityMilli), UnitPrice: money.Amount(l.UnitPrice),
		Gross: money.Amount(l.Gross), Discount: money.Amount(l.Discount), Amount: money.Amount(l.Gross - l.Discount),
		TaxCode: l.TaxCode, AddedAt: l.AddedAt, RemovedAt: l.RemovedAt}
	if l.Barcode != nil {
		out.Barcode = *l.Barcode
	}
	return out
}

func paymentOf(p edgedb.GetPaymentRow) sale.Payment {
	return sale.Payment{ID: p.ID, TransactionID: p.TransactionID, Method: sale.Method(p.Method), Provider: p.Provider, Reference: p.Reference,
		Status: sale.PaymentStatus(p.Status), Amount: money.Amount(p.Amount), Tendered: money.Amount(p.Tendered),
		Change: money.Amount(p.Tendered - p.Amount), QRPayload: p.QRPayload, ExpiresAt: p.ExpiresAt, CreatedAt: p.CreatedAt, CapturedAt: p.CapturedAt}
}
