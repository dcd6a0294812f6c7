package audit

import (
	"context"
	"fmt"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/hqdb"
)

// made is the rows that HQ made of a run of events, by their keys. A row is
// taken out when its event is compared, so what is left over has no event.
type made struct {
	transactions map[uuid.UUID]hqdb.HQTransaction
	lines        map[uuid.UUID][]hqdb.HQLineItem
	taxLines     map[uuid.UUID][]hqdb.HQTaxLine
	payments     map[uuid.UUID]hqdb.HQPayment
}

func (v *verification) readMade(ctx context.Context, first, last int64) (*made, error) {
	m := &made{
		transactions: map[uuid.UUID]hqdb.HQTransaction{}, payments: map[uuid.UUID]hqdb.HQPayment{},
		lines: map[uuid.UUID][]hqdb.HQLineItem{}, taxLines: map[uuid.UUID][]hqdb.HQTaxLine{},
	}
	transactions, err := queries.TransactionsOfRun(ctx, v.tx, v.report.StoreID, first, last)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(transactions))
	for i, t := range transactions {
		ids[i], m.transactions[t.TransactionID] = t.TransactionID, t
	}
	lines, err := queries.LineItemsOf(ctx, v.tx, v.report.StoreID, ids)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		m.lines[l.TransactionID] = append(m.lines[l.TransactionID], l)
	}
	taxLines, err := queries.TaxLinesOf(ctx, v.tx, v.report.StoreID, ids)
	if err != nil {
		return nil, err
	}
	for _, t := range taxLines {
		m.taxLines[t.TransactionID] = append(m.taxLines[t.TransactionID], t)
	}
	payments, err := queries.PaymentsOfRun(ctx, v.tx, v.report.StoreID, first, last)
	for _, p := range payments {
		m.payments[p.PaymentID] = p
	}
	return m, err
}

// leftOver finds a row that claims an event of the run that did not make it.
func (m *made) leftOver(store string) error {
	for id, t := range m.transactions {
		return &BadRowError{rowName("hq_transactions", store, id), fmt.Sprintf("event %d did not record it", t.InboxID)}
	}
	for id, p := range m.payments {
		return &BadRowError{rowName("hq_payments", store, id), fmt.Sprintf("event %d did not record it", p.InboxID)}
	}
	return nil
}

func rowName(table, store string, key any) string { return fmt.Sprintf("%s %s %v", table, store, key) }
