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
	voids        map[uuid.UUID]hqdb.HQVoidedBasket
	overrides    map[uuid.UUID][]hqdb.HQOverride // in their order
}

func (v *verification) readMade(ctx context.Context, first, last int64) (*made, error) {
	m := &made{
		transactions: map[uuid.UUID]hqdb.HQTransaction{}, payments: map[uuid.UUID]hqdb.HQPayment{},
		lines: map[uuid.UUID][]hqdb.HQLineItem{}, taxLines: map[uuid.UUID][]hqdb.HQTaxLine{},
		voids: map[uuid.UUID]hqdb.HQVoidedBasket{}, overrides: map[uuid.UUID][]hqdb.HQOverride{},
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
	if err != nil {
		return nil, err
	}
	return m, v.readVoids(ctx, m, first, last)
}

func (v *verification) readVoids(ctx context.Context, m *made, first, last int64) error {
	voids, err := queries.VoidedBasketsOfRun(ctx, v.tx, v.report.StoreID, first, last)
	if err != nil {
		return err
	}
	for _, b := range voids {
		m.voids[b.TransactionID] = b
	}
	overrides, err := queries.OverridesOfRun(ctx, v.tx, v.report.StoreID, first, last)
	for _, o := range overrides {
		m.overrides[o.TransactionID] = append(m.overrides[o.TransactionID], o)
	}
	return err
}

// leftOver finds a row that claims an event of the run that did not make it.
func (m *made) leftOver(store string) error {
	for id, t := range m.transactions {
		return &BadRowError{rowName("hq_transactions", store, id), fmt.Sprintf("event %d did not record it", t.InboxID)}
	}
	for id, p := range m.payments {
		return &BadRowError{rowName("hq_payments", store, id), fmt.Sprintf("event %d did not record it", p.InboxID)}
	}
	for id, b := range m.voids {
		return &BadRowError{rowName("hq_voided_baskets", store, id), fmt.Sprintf("event %d did not record it", b.InboxID)}
	}
	for id, o := range m.overrides {
		return &BadRowError{rowName("hq_overrides", store, id), fmt.Sprintf("event %d did not record it", o[0].InboxID)}
	}
	return nil
}

func rowName(table, store string, key any) string { return fmt.Sprintf("%s %s %v", table, store, key) }
