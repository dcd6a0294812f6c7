package projection

import (
	"github.com/gofrs/uuid/v5"

	"tiem/internal/wire"
)

func (w *writes) addVoid(e *Entry) {
	v, b := e.Void, &w.voids
	b.TransactionIds = append(b.TransactionIds, v.TransactionID)
	b.InboxIds = append(b.InboxIds, e.Event.ID)
	b.TerminalIds = append(b.TerminalIds, e.Event.TerminalID)
	b.CashierIds = append(b.CashierIds, e.Event.CashierID)
	b.OpenedBys = append(b.OpenedBys, v.OpenedBy)
	b.ApprovedBys = append(b.ApprovedBys, v.ApprovedBy)
	b.Reasons = append(b.Reasons, v.Reason)
	b.BusinessDates = append(b.BusinessDates, e.Day)
	b.Currencies = append(b.Currencies, v.Currency)
	b.Lines = append(b.Lines, int32(len(v.Lines)))
	b.RemovedLines = append(b.RemovedLines, int32(len(v.Removed)))
	b.Totals = append(b.Totals, int64(v.Total))
	b.Cancelled = append(b.Cancelled, int64(cancelled(v)))
	b.CreatedAts = append(b.CreatedAts, v.CreatedAt)
	b.VoidedAts = append(b.VoidedAts, v.VoidedAt)
	w.addOverrides(e.Event.ID, v.TransactionID, v.Overrides)
}

func (w *writes) addOverrides(inboxID int64, transaction uuid.UUID, overrides []wire.Override) {
	x := &w.overrides
	for i := range overrides {
		o := &overrides[i]
		x.TransactionIds = append(x.TransactionIds, transaction)
		x.OverrideNos = append(x.OverrideNos, int32(i)+1)
		x.InboxIds = append(x.InboxIds, inboxID)
		x.LineNos = append(x.LineNos, o.LineNo)
		x.Kinds = append(x.Kinds, o.Kind)
		x.Befores = append(x.Befores, int64(o.Before))
		x.Afters = append(x.Afters, int64(o.After))
		x.Reasons = append(x.Reasons, o.Reason)
		x.CashierIds = append(x.CashierIds, o.CashierID)
		x.ApprovedBys = append(x.ApprovedBys, o.ApprovedBy)
		x.Ats = append(x.Ats, o.At)
	}
}
