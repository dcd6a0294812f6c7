package checkout

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

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
	s := &stored{rates: read.rates, takenBy: map[uuid.UUID]string{}, t: sale.Transaction{ID: r.ID, StoreID: r.StoreID, TerminalID: r.TerminalID, CashierID: r.CashierID, OpenedBy: r.OpenedBy, ResumedAt: r.ResumedAt, ShiftID: r.ShiftID,
		Status: sale.Status(r.Status), Currency: r.Currency, CreatedAt: r.CreatedAt, FinalizedAt: r.FinalizedAt, Version: r.Version,
		LastLineNo: r.LastLineNo, Lines: make([]sale.Line, len(rows.Lines)), Payments: make([]sale.Payment, len(rows.Payments))}}
	for _, o := range rows.Overrides {
		s.t.Overrides = append(s.t.Overrides, override(o))
	}
	if r.ReceiptNo != nil {
		s.t.ReceiptNo = *r.ReceiptNo
	}
	if r.BusinessDate != nil {
		s.t.BusinessDate = r.BusinessDate.Format(time.DateOnly)
	}
	for i, l := range rows.Lines {
		s.t.Lines[i] = line(l)
	}
	for i, p := range rows.Payments {
		s.t.Payments[i] = paymentOf(edgedb.GetPaymentRow(p))
		s.takenBy[p.ID] = p.CashierID
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
	out.Barcode, out.DiscountReason, out.PriceReason = orEmpty(l.Barcode), orEmpty(l.DiscountReason), orEmpty(l.PriceReason)
	out.ChangedBy = orEmpty(l.ChangedBy)
	out.ListPrice = (*money.Amount)(l.ListPrice)
	return out
}

func override(o edgedb.OverridesOfRow) sale.Override {
	return sale.Override{LineNo: o.LineNo, Kind: sale.OverrideKind(o.Kind), Before: money.Amount(o.Before), After: money.Amount(o.After),
		Reason: o.Reason, CashierID: o.CashierID, ApprovedBy: orEmpty(o.ApprovedBy), At: o.At}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func paymentOf(p edgedb.GetPaymentRow) sale.Payment {
	return sale.Payment{ID: p.ID, TransactionID: p.TransactionID, Method: sale.Method(p.Method), Provider: p.Provider, Reference: p.Reference,
		Status: sale.PaymentStatus(p.Status), Amount: money.Amount(p.Amount), Tendered: money.Amount(p.Tendered),
		Change: money.Amount(p.Tendered - p.Amount), QRPayload: p.QRPayload, ExpiresAt: p.ExpiresAt, CreatedAt: p.CreatedAt, CapturedAt: p.CapturedAt}
}
