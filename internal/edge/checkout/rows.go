package checkout

import (
	"context"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// lock reads a transaction under its row lock: from here on nobody else changes
// it, its lines or its payments.
func (d *Desk) lock(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (*stored, error) {
	rows, err := edgedb.LoadSale(ctx, tx, id)
	if err != nil {
		return nil, notFound(err)
	}
	return restore(rows), nil
}

func (d *Desk) read(ctx context.Context, id uuid.UUID) (*stored, error) {
	rows, err := edgedb.ReadSale(ctx, d.DB, id)
	if err != nil {
		return nil, notFound(err)
	}
	return restore(rows), nil
}

// restore turns rows into the domain's types.
func restore(rows edgedb.SaleRows) *stored {
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
	for _, t := range rows.TaxLines {
		s.taxLines = append(s.taxLines, pricing.TaxLine{TaxCode: t.TaxCode, RateBP: t.RateBp, Base: money.Amount(t.Base), Tax: money.Amount(t.Tax)})
	}
	for _, rate := range rows.Rates {
		s.rates = append(s.rates, pricing.DatedRate{TaxCode: rate.TaxCode, ValidFrom: rate.ValidFrom.Format("2006-01-02"), RateBP: rate.RateBp})
	}
	return s
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
