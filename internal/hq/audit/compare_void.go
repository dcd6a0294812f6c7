package audit

import (
	"fmt"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/projection"
	"tiem/internal/money"
	"tiem/internal/wire"
)

func (v *verification) compareVoid(e *projection.Entry, m *made) error {
	b, store := e.Void, v.report.StoreID
	row, ok := m.voids[b.TransactionID]
	name := rowName("hq_voided_baskets", store, b.TransactionID)
	if !ok {
		return &BadRowError{name, fmt.Sprintf("is missing: event %d recorded it", e.Event.ID)}
	}
	delete(m.voids, b.TransactionID)
	v.report.Voids++
	var cancelled money.Amount
	for _, p := range b.Payments {
		cancelled += p.Amount
	}
	if err := same(name, e.Event.ID, []field{
		{"inbox_id", row.InboxID, e.Event.ID},
		{"terminal_id", text(row.TerminalID), e.Event.TerminalID},
		{"cashier_id", text(row.CashierID), e.Event.CashierID},
		{"opened_by", row.OpenedBy, b.OpenedBy},
		{"approved_by", text(row.ApprovedBy), b.ApprovedBy},
		{"reason", text(row.Reason), b.Reason},
		{"business_date", row.BusinessDate.Format(wire.DateLayout), e.Event.BusinessDate},
		{"currency", row.Currency, b.Currency},
		{"lines", int(row.Lines), len(b.Lines)},
		{"removed_lines", int(row.RemovedLines), len(b.Removed)},
		{"total", money.Amount(row.Total), b.Total},
		{"cancelled", money.Amount(row.Cancelled), cancelled},
		{"created_at", row.CreatedAt.UnixMicro(), b.CreatedAt.UnixMicro()},
		{"voided_at", row.VoidedAt.UnixMicro(), b.VoidedAt.UnixMicro()},
	}); err != nil {
		return err
	}
	return v.compareOverrides(e, b.TransactionID, b.Overrides, m)
}

func (v *verification) compareOverrides(e *projection.Entry, transaction uuid.UUID, overrides []wire.Override, m *made) error {
	rows := m.overrides[transaction]
	delete(m.overrides, transaction)
	v.overrides += int64(len(overrides))
	for i := range overrides {
		o := &overrides[i]
		name := rowName("hq_overrides", v.report.StoreID, transaction) + fmt.Sprintf(" number %d", i+1)
		if i >= len(rows) {
			return &BadRowError{name, fmt.Sprintf("is missing: event %d recorded it", e.Event.ID)}
		}
		row := &rows[i]
		if err := same(name, e.Event.ID, []field{
			{"override_no", int(row.OverrideNo), i + 1},
			{"inbox_id", row.InboxID, e.Event.ID},
			{"line_no", row.LineNo, o.LineNo},
			{"kind", row.Kind, o.Kind},
			{"before", money.Amount(row.Before), o.Before},
			{"after", money.Amount(row.After), o.After},
			{"reason", row.Reason, o.Reason},
			{"cashier_id", row.CashierID, o.CashierID},
			{"approved_by", text(row.ApprovedBy), o.ApprovedBy},
			{"at", row.At.UnixMicro(), o.At.UnixMicro()},
		}); err != nil {
			return err
		}
	}
	return nil
}
