package projection

import (
	"context"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/hqdb"
	"tiem/internal/wire"
)

var queries = hqdb.New()

// write applies entries set-based: at most one statement a table, whatever
// their number. It is the only place where projections are written.
func write(ctx context.Context, db hqdb.DBTX, storeID string, entries []*Entry) error {
	w := writes{
		transactions: hqdb.InsertTransactionsParams{StoreID: storeID},
		lines:        hqdb.InsertLineItemsParams{StoreID: storeID},
		taxLines:     hqdb.InsertTaxLinesParams{StoreID: storeID},
		payments:     hqdb.InsertPaymentsParams{StoreID: storeID},
		moves:        hqdb.MoveInventoryParams{StoreID: storeID},
		voids:        hqdb.InsertVoidedBasketsParams{StoreID: storeID},
		overrides:    hqdb.InsertOverridesParams{StoreID: storeID},
		moveOf:       map[uuid.UUID]int{},
	}
	for _, e := range entries {
		switch {
		case e.Sale != nil:
			w.addSale(e)
		case e.Payment != nil:
			w.addPayment(e)
		case e.Stock != nil:
			w.addMovements(e)
		case e.Void != nil:
			w.addVoid(e)
		}
	}
	return w.run(ctx, db)
}

// writes is the rows of a run, table by table, column by column.
type writes struct {
	transactions hqdb.InsertTransactionsParams
	lines        hqdb.InsertLineItemsParams
	taxLines     hqdb.InsertTaxLinesParams
	payments     hqdb.InsertPaymentsParams
	moves        hqdb.MoveInventoryParams
	voids        hqdb.InsertVoidedBasketsParams
	overrides    hqdb.InsertOverridesParams
	moveOf       map[uuid.UUID]int // item → its row in moves
}

func (w *writes) run(ctx context.Context, db hqdb.DBTX) error {
	steps := []struct {
		rows int
		exec func() error
	}{
		{len(w.transactions.TransactionIds), func() error { return queries.InsertTransactions(ctx, db, w.transactions) }},
		{len(w.lines.TransactionIds), func() error { return queries.InsertLineItems(ctx, db, w.lines) }},
		{len(w.taxLines.TransactionIds), func() error { return queries.InsertTaxLines(ctx, db, w.taxLines) }},
		{len(w.payments.PaymentIds), func() error { return queries.InsertPayments(ctx, db, w.payments) }},
		{len(w.moves.ItemIds), func() error { return queries.MoveInventory(ctx, db, w.moves) }},
		{len(w.voids.TransactionIds), func() error { return queries.InsertVoidedBaskets(ctx, db, w.voids) }},
		{len(w.overrides.TransactionIds), func() error { return queries.InsertOverrides(ctx, db, w.overrides) }},
	}
	for _, step := range steps {
		if step.rows == 0 {
			continue
		}
		if err := step.exec(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writes) addSale(e *Entry) {
	s, t := e.Sale, &w.transactions
	shift := uuid.Nil // the query turns it into NULL
	if s.ShiftID != nil {
		shift = *s.ShiftID
	}
	t.TransactionIds = append(t.TransactionIds, s.TransactionID)
	t.InboxIds = append(t.InboxIds, e.Event.ID)
	t.ReceiptNos = append(t.ReceiptNos, s.ReceiptNo)
	t.TerminalIds = append(t.TerminalIds, e.Event.TerminalID)
	t.CashierIds = append(t.CashierIds, e.Event.CashierID)
	t.ShiftIds = append(t.ShiftIds, shift)
	t.BusinessDates = append(t.BusinessDates, e.Day)
	t.Currencies = append(t.Currencies, s.Currency)
	t.Gross = append(t.Gross, int64(s.Totals.Gross))
	t.Discounts = append(t.Discounts, int64(s.Totals.Discount))
	t.Subtotals = append(t.Subtotals, int64(s.Totals.Subtotal))
	t.Taxes = append(t.Taxes, int64(s.Totals.Tax))
	t.Totals = append(t.Totals, int64(s.Totals.Total))
	t.Paid = append(t.Paid, int64(s.Totals.Paid))
	t.Changes = append(t.Changes, int64(s.Totals.Change))
	t.CreatedAts = append(t.CreatedAts, s.CreatedAt)
	t.FinalizedAts = append(t.FinalizedAts, s.FinalizedAt)
	for i := range s.Lines {
		w.addLine(s.TransactionID, &s.Lines[i])
	}
	w.addOverrides(e.Event.ID, s.TransactionID, s.Overrides)
	for _, tax := range s.TaxLines {
		x := &w.taxLines
		x.TransactionIds = append(x.TransactionIds, s.TransactionID)
		x.TaxCodes = append(x.TaxCodes, tax.TaxCode)
		x.RatesBp = append(x.RatesBp, tax.RateBP)
		x.Bases = append(x.Bases, int64(tax.Base))
		x.Taxes = append(x.Taxes, int64(tax.Tax))
	}
}

func (w *writes) addLine(transaction uuid.UUID, line *wire.SaleLine) {
	l := &w.lines
	l.TransactionIds = append(l.TransactionIds, transaction)
	l.LineNos = append(l.LineNos, line.LineNo)
	l.ItemIds = append(l.ItemIds, line.ItemID)
	l.Skus = append(l.Skus, line.SKU)
	l.Names = append(l.Names, line.Name)
	l.Units = append(l.Units, line.Unit)
	l.Categories = append(l.Categories, line.Category)
	l.Barcodes = append(l.Barcodes, line.Barcode)
	l.Quantities = append(l.Quantities, int64(line.Quantity))
	l.UnitPrices = append(l.UnitPrices, int64(line.UnitPrice))
	l.Gross = append(l.Gross, int64(line.Gross))
	l.Discounts = append(l.Discounts, int64(line.Discount))
	l.Amounts = append(l.Amounts, int64(line.Amount))
	l.TaxCodes = append(l.TaxCodes, line.TaxCode)
	l.RatesBp = append(l.RatesBp, line.RateBP)
}

func (w *writes) addPayment(e *Entry) {
	p, a := e.Payment, &w.payments
	a.PaymentIds = append(a.PaymentIds, p.PaymentID)
	a.InboxIds = append(a.InboxIds, e.Event.ID)
	a.TransactionIds = append(a.TransactionIds, p.TransactionID)
	a.Methods = append(a.Methods, p.Method)
	a.Providers = append(a.Providers, p.Provider)
	a.Refs = append(a.Refs, p.Reference)
	a.Amounts = append(a.Amounts, int64(p.Amount))
	a.Tendered = append(a.Tendered, int64(p.Tendered))
	a.Changes = append(a.Changes, int64(p.Change))
	a.TerminalIds = append(a.TerminalIds, e.Event.TerminalID)
	a.CashierIds = append(a.CashierIds, e.Event.CashierID)
	a.CapturedAts = append(a.CapturedAts, p.CapturedAt)
}

// addMovements sums the run's movements item by item, because one statement can
// touch a row only once; the last movement's balance is the one to compare.
func (w *writes) addMovements(e *Entry) {
	m := &w.moves
	for _, move := range e.Stock.Movements {
		i, ok := w.moveOf[move.ItemID]
		if !ok {
			i = len(m.ItemIds)
			w.moveOf[move.ItemID] = i
			m.ItemIds = append(m.ItemIds, move.ItemID)
			m.Skus = append(m.Skus, "")
			m.Names = append(m.Names, "")
			m.Moved = append(m.Moved, 0)
			m.Balances = append(m.Balances, 0)
			m.InboxIds = append(m.InboxIds, 0)
		}
		m.Moved[i] += int64(move.Quantity)
		m.Skus[i], m.Names[i] = move.SKU, move.Name
		m.Balances[i], m.InboxIds[i] = int64(move.BalanceAfter), e.Event.ID
	}
}
