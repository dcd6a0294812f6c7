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
	var read reading
	open := func(b *pgx.Batch) {
		edgedb.LockSale(b, id, &read.rows)
		d.readRates(b, &read)
		if also != nil {
			also(b)
		}
	}
	return idempotency.Run(ctx, d.DB, by.Once, d.Now, open,
		func(ctx context.Context, tx *postgres.Tx) (status int, body T, err error) {
			s, err := d.restore(&read)
			if err != nil {
				return 0, body, err
			}
			return fn(ctx, tx, s)
		})
}

// reading is a transaction as it comes from the database.
type reading struct {
	rows  edgedb.SaleRows
	rates pricing.RateTable    // nil: they had to be read
	fresh []edgedb.AllRatesRow // then these are they
}

// readRates queues the reading of the tax rates, unless they are known.
func (d *Desk) readRates(b *pgx.Batch, read *reading) {
	if read.rates = d.rates.known(); read.rates == nil {
		edgedb.Rates(b, &read.fresh)
	}
}

func (d *Desk) read(ctx context.Context, id uuid.UUID) (*stored, error) {
	var read reading
	b := &pgx.Batch{}
	edgedb.ReadSale(b, id, &read.rows)
	d.readRates(b, &read)
	if err := d.DB.Pool().SendBatch(ctx, b).Close(); err != nil {
		return nil, postgres.Fault(err)
	}
	return d.restore(&read)
}

// restore turns rows into the domain's types; transaction_not_found if there are none.
func (d *Desk) restore(read *reading) (*stored, error) {
	rows := &read.rows
	if !rows.Found {
		return nil, errNotFound
	}
	if read.rates == nil {
		read.rates = d.rates.learn(read.fresh)
	}
	r := rows.Transaction
	s := &stored{rates: read.rates, t: sale.Transaction{ID: r.ID, StoreID: r.StoreID, TerminalID: r.TerminalID, CashierID: r.CashierID, ShiftID: r.ShiftID,
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
