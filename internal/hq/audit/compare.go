package audit

import (
	"fmt"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/money"
	"tiem/internal/wire"
)

// compare checks the rows of one applied event and takes them out of m.
func (v *verification) compare(e *projection.Entry, m *made) error {
	switch {
	case e.Sale != nil:
		return v.compareSale(e, m)
	case e.Payment != nil:
		return v.comparePayment(e, m)
	case e.Stock != nil:
		v.move(e)
	case e.Void != nil:
		return v.compareVoid(e, m)
	}
	return nil
}

func (v *verification) compareSale(e *projection.Entry, m *made) error {
	s, store := e.Sale, v.report.StoreID
	row, ok := m.transactions[s.TransactionID]
	name := rowName("hq_transactions", store, s.TransactionID)
	if !ok {
		return &BadRowError{name, fmt.Sprintf("is missing: event %d recorded it", e.Event.ID)}
	}
	delete(m.transactions, s.TransactionID)
	v.report.Sales++
	v.report.Total += s.Totals.Total
	if err := same(name, e.Event.ID, []field{
		{"inbox_id", row.InboxID, e.Event.ID},
		{"receipt_no", row.ReceiptNo, s.ReceiptNo},
		{"terminal_id", text(row.TerminalID), e.Event.TerminalID},
		{"cashier_id", text(row.CashierID), e.Event.CashierID},
		{"shift_id", idOf(row.ShiftID), idOf(s.ShiftID)},
		{"business_date", row.BusinessDate.Format(wire.DateLayout), e.Event.BusinessDate},
		{"currency", row.Currency, s.Currency},
		{"gross", money.Amount(row.Gross), s.Totals.Gross},
		{"discount", money.Amount(row.Discount), s.Totals.Discount},
		{"subtotal", money.Amount(row.Subtotal), s.Totals.Subtotal},
		{"tax", money.Amount(row.Tax), s.Totals.Tax},
		{"total", money.Amount(row.Total), s.Totals.Total},
		{"paid", money.Amount(row.Paid), s.Totals.Paid},
		{"change", money.Amount(row.Change), s.Totals.Change},
		{"created_at", row.CreatedAt.UnixMicro(), s.CreatedAt.UnixMicro()},
		{"finalized_at", row.FinalizedAt.UnixMicro(), s.FinalizedAt.UnixMicro()},
	}); err != nil {
		return err
	}
	if err := v.compareLines(e, m.lines[s.TransactionID]); err != nil {
		return err
	}
	if err := v.compareTaxLines(e, m.taxLines[s.TransactionID]); err != nil {
		return err
	}
	return v.compareOverrides(e, s.TransactionID, s.Overrides, m)
}

func (v *verification) compareLines(e *projection.Entry, rows []hqdb.HQLineItem) error {
	s := e.Sale
	byNo := map[int32]hqdb.HQLineItem{}
	for _, row := range rows {
		byNo[row.LineNo] = row
	}
	v.lines += int64(len(s.Lines))
	for i := range s.Lines {
		l := &s.Lines[i]
		row, ok := byNo[l.LineNo]
		name := rowName("hq_line_items", v.report.StoreID, s.TransactionID) + fmt.Sprintf(" line %d", l.LineNo)
		if !ok {
			return &BadRowError{name, fmt.Sprintf("is missing: event %d recorded it", e.Event.ID)}
		}
		if err := same(name, e.Event.ID, []field{
			{"item_id", row.ItemID, l.ItemID},
			{"sku", row.SKU, l.SKU},
			{"name", row.Name, l.Name},
			{"unit", row.Unit, l.Unit},
			{"category", row.Category, l.Category},
			{"barcode", text(row.Barcode), l.Barcode},
			{"quantity_milli", row.QuantityMilli, int64(l.Quantity)},
			{"unit_price", money.Amount(row.UnitPrice), l.UnitPrice},
			{"gross", money.Amount(row.Gross), l.Gross},
			{"discount", money.Amount(row.Discount), l.Discount},
			{"amount", money.Amount(row.Amount), l.Amount},
			{"tax_code", row.TaxCode, l.TaxCode},
			{"rate_bp", row.RateBp, l.RateBP},
		}); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) compareTaxLines(e *projection.Entry, rows []hqdb.HQTaxLine) error {
	s := e.Sale
	v.taxLines += int64(len(s.TaxLines))
	for _, t := range s.TaxLines {
		name := rowName("hq_tax_lines", v.report.StoreID, s.TransactionID) + fmt.Sprintf(" %s at %d", t.TaxCode, t.RateBP)
		found := false
		for _, row := range rows {
			if row.TaxCode != t.TaxCode || row.RateBp != t.RateBP {
				continue
			}
			found = true
			if err := same(name, e.Event.ID, []field{
				{"base", money.Amount(row.Base), t.Base},
				{"tax", money.Amount(row.Tax), t.Tax},
			}); err != nil {
				return err
			}
		}
		if !found {
			return &BadRowError{name, fmt.Sprintf("is missing: event %d recorded it", e.Event.ID)}
		}
	}
	return nil
}

func (v *verification) comparePayment(e *projection.Entry, m *made) error {
	p := e.Payment
	row, ok := m.payments[p.PaymentID]
	name := rowName("hq_payments", v.report.StoreID, p.PaymentID)
	if !ok {
		return &BadRowError{name, fmt.Sprintf("is missing: event %d recorded it", e.Event.ID)}
	}
	delete(m.payments, p.PaymentID)
	v.report.Payments++
	return same(name, e.Event.ID, []field{
		{"inbox_id", row.InboxID, e.Event.ID},
		{"transaction_id", row.TransactionID, p.TransactionID},
		{"method", row.Method, p.Method},
		{"provider", text(row.Provider), p.Provider},
		{"reference", text(row.Reference), p.Reference},
		{"amount", money.Amount(row.Amount), p.Amount},
		{"tendered", money.Amount(row.Tendered), p.Tendered},
		{"change", money.Amount(row.Change), p.Change},
		{"terminal_id", text(row.TerminalID), e.Event.TerminalID},
		{"cashier_id", text(row.CashierID), e.Event.CashierID},
		{"captured_at", row.CapturedAt.UnixMicro(), p.CapturedAt.UnixMicro()},
	})
}

// field is a column, what it holds and what the event says.
type field struct {
	name      string
	got, want any
}

func same(row string, event int64, fields []field) error {
	for _, f := range fields {
		if f.got != f.want {
			return &BadRowError{row, fmt.Sprintf("%s is %v, event %d says %v", f.name, show(f.got), event, show(f.want))}
		}
	}
	return nil
}

func show(value any) any {
	if s, ok := value.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return value
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func idOf(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}
