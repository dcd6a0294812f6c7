package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/wire"
)

// voided is a shop in which a basket was given up and a sale got a discount.
func voided(t *testing.T) (s *shop, id uuid.UUID) {
	t.Helper()
	s = newShop(t)
	s.favour(2, 700)
	id = s.giveUp("T2")
	s.mirror()
	return s, id
}

func TestOracleKnowsVoidsAndFavours(t *testing.T) {
	t.Parallel()
	s, id := voided(t)
	o, d := s.judge()
	require.Nil(t, d)
	require.Equal(t, 1, o.figures.Voids)
	require.EqualValues(t, 18_000, o.figures.VoidedTotal)
	require.EqualValues(t, 700, o.figures.Discount)
	require.Equal(t, 5, o.figures.Overrides)
	require.Nil(t, o.givenUp(id, s.baskets[id]))
	for name, change := range map[string]func(*Basket){
		"another state":    func(b *Basket) { b.Status = sale.Draft },
		"another total":    func(b *Basket) { b.Totals.Total++ },
		"another discount": func(b *Basket) { b.Lines[0].Discount-- },
		"a line more":      func(b *Basket) { b.Lines[2].RemovedAt = nil },
		"another basket":   func(b *Basket) { b.ID = newID() },
	} {
		s, id := voided(t)
		o, d := s.judge()
		require.Nil(t, d)
		change(s.baskets[id])
		require.ErrorContains(t, o.givenUp(id, s.baskets[id]), "the edge's transaction is not what its log says", name)
	}
}

// Each plant breaks one thing; where the edge itself is wrong, the chain is made
// anew and HQ has the same.
func TestOracleNamesAWrongVoidOrFavour(t *testing.T) {
	t.Parallel()
	sold := func(s *shop) int { return s.nth(wire.TypeSaleRecorded, 2) }
	given := func(s *shop) int { return s.nth(wire.TypeBasketVoided, 1) }
	inVoid := func(change func(*wire.BasketVoided)) func(*shop) {
		return func(s *shop) { rewrite(s, given(s), change) }
	}
	inSale := func(change func(*wire.SaleRecorded)) func(*shop) {
		return func(s *shop) { rewrite(s, sold(s), change) }
	}
	for name, c := range map[string]struct {
		plant     func(*shop)
		invariant string
		id        int64
		says      string
	}{
		"a BasketVoided is lost":      {func(s *shop) { s.remove(given(s)) }, "A", 0, "saw the basket voided, but the log does not say so"},
		"a BasketVoided of nobody":    {func(s *shop) { s.ledger.voided = nil }, "A", 15, "a basket was given up that no cashier knows of"},
		"HQ set a BasketVoided aside": {func(s *shop) { s.hq[given(s)].State = "QUARANTINED" }, "A", 15, "must be: APPLIED"},
		"a basket given up twice": {func(s *shop) {
			e := s.edge[given(s)]
			var v wire.BasketVoided
			require.NoError(s.t, wire.DecodePayload(e.Payload, &v))
			s.append(e.Type, e.AggregateID, e.TerminalID, v)
			s.mirror()
		}, "A", 16, "given up twice"},
		"a sale given up": {func(s *shop) {
			rewrite(s, given(s), func(v *wire.BasketVoided) { v.TransactionID = s.ledger.sales[0].TransactionID })
		}, "A", 15, "given up after it was sold"},
		"a basket given up was sold": {func(s *shop) {
			last := len(s.edge) - 1
			s.edge = slices.Insert(s.edge[:last:last], 0, s.edge[last], s.edge[0])
			s.remove(2) // the opening went behind it
			var v wire.BasketVoided
			require.NoError(s.t, wire.DecodePayload(s.edge[0].Payload, &v))
			rewrite(s, s.nth(wire.TypeSaleRecorded, 1), func(p *wire.SaleRecorded) { p.TransactionID = v.TransactionID })
		}, "A", 3, "a basket that was given up was sold"},
		"money for a basket given up": {func(s *shop) {
			id := s.ledger.voided[0]
			s.append(wire.TypePaymentCaptured, id, "T2", wire.PaymentCaptured{PaymentID: newID(), TransactionID: id, Method: "QR", Amount: 5, Tendered: 5})
			s.mirror()
		}, "C", 16, "money was captured for a basket that was given up"},
		"what it would have cost":  {inVoid(func(v *wire.BasketVoided) { v.Total++ }), "C", 15, "not the sum of its lines"},
		"a voided line's gross":    {inVoid(func(v *wire.BasketVoided) { v.Lines[0].Gross++ }), "C", 15, "line 1, gross is not"},
		"a removed line's amount":  {inVoid(func(v *wire.BasketVoided) { v.Removed[0].Amount++ }), "C", 15, "line 3, amount is not"},
		"a voided line's discount": {inVoid(func(v *wire.BasketVoided) { v.Lines[0].Discount++; v.Lines[0].Amount--; v.Total-- }), "C", 15, "line 1, the line's discount is not the one that was given"},
		"a voided line's price": {inVoid(func(v *wire.BasketVoided) {
			v.Lines[1].UnitPrice, v.Lines[1].Gross, v.Lines[1].Amount, v.Total = 8001, 8001, 8001, 18_001
		}), "C", 15, "line 2, the line's price is not the one that was set"},
		"an override of no line":      {inVoid(func(v *wire.BasketVoided) { v.Overrides[0].LineNo = 9 }), "C", 15, "line 9, an override is of a line that is not there"},
		"an override out of nowhere":  {inVoid(func(v *wire.BasketVoided) { v.Overrides[3].Before-- }), "C", 15, "does not begin where the one before it ended"},
		"an override without reason":  {inVoid(func(v *wire.BasketVoided) { v.Overrides[3].Reason = "" }), "C", 15, "does not say who did it and why"},
		"an override of nobody":       {inVoid(func(v *wire.BasketVoided) { v.Overrides[3].CashierID = "" }), "C", 15, "does not say who"},
		"approved by oneself":         {inVoid(func(v *wire.BasketVoided) { v.Overrides[3].ApprovedBy = "C1" }), "C", 15, "approved it themselves"},
		"a payload that is none":      {func(s *shop) { s.edge[given(s)].Payload = "{"; s.rechain(); s.mirror() }, "C", 15, "its payload cannot be read"},
		"a discount that nobody gave": {inSale(func(p *wire.SaleRecorded) { p.Overrides = nil }), "C", 6, "the line's discount is not the one that was given"},
		"a discount that was changed": {inSale(func(p *wire.SaleRecorded) { p.Overrides[0].After++ }), "C", 6, "must be: 701; is: 700"},
		"a price that was changed": {inSale(func(p *wire.SaleRecorded) {
			p.Overrides = append(p.Overrides, wire.Override{LineNo: 2, Kind: wire.OverridePrice, Before: 30_000, After: 20_000, Reason: "x", CashierID: "M1", At: time.Now()})
		}), "C", 6, "must be: 20000; is: 21500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := voided(t)
			c.plant(s)
			_, d := s.judge()
			require.NotNil(t, d, "the oracle found nothing")
			require.Equal(t, c.invariant, d.Invariant, d.Error())
			require.Equal(t, c.id, d.ID, d.Error())
			require.Contains(t, d.Error(), c.says)
		})
	}
}

func TestVerifyAsksForVoidsToo(t *testing.T) {
	t.Parallel()
	s, id := voided(t)
	_, edge, hq := serve(t, s)
	report, err := Verify(t.Context(), edge, hq, VerifyOptions{Ledger: s.ledger, Complete: true})
	require.NoError(t, err)
	require.Equal(t, 1, report.Figures.Voids)
	delete(s.baskets, id)
	_, err = Verify(t.Context(), edge, hq, VerifyOptions{Ledger: s.ledger, Complete: true})
	require.ErrorContains(t, err, "the edge's transaction is not what its log says")
}
