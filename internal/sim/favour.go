package sim

import (
	"context"
	"slices"

	"tiem/internal/money"
	"tiem/internal/sale"
)

// Favour is something off a line that the manager's PIN stands for.
type Favour struct {
	Line     int  // index into the visit's picks
	Price    bool // the price is overridden; else the line gets a discount
	PerMille int  // of the gross, or of the price, that is taken off
}

// favours are rare, and never for a line that was removed.
func (s *Shopper) favours(edits []Edit, lines int) []Favour {
	if !s.chance(40) {
		return nil
	}
	f := Favour{Line: s.random.IntN(lines), Price: s.chance(400), PerMille: 50 + s.random.IntN(450)}
	if slices.ContainsFunc(edits, func(e Edit) bool { return e.Line == f.Line && e.Remove }) {
		return nil
	}
	return []Favour{f}
}

// withoutManager is the visit where nobody can approve: no favours, and whoever
// gives up does so where their basket was opened.
func (v Visit) withoutManager() Visit {
	v.Favours = nil
	if v.GivesUp {
		v.Pause = v.Pause.alone()
	}
	return v
}

// favours asks the manager for each, and grants it. One that would come to
// nothing is left out.
func (t *Till) favours(ctx context.Context, basket *Basket, favours []Favour) (*Basket, error) {
	for _, f := range favours {
		line := basket.Lines[f.Line]
		off := func(of money.Amount) money.Amount { return of * money.Amount(f.PerMille) / 1000 }
		permission, amount := ToDiscount, off(line.Gross)
		if f.Price {
			permission, amount = ToOverridePrice, line.UnitPrice-off(line.UnitPrice)
		}
		if amount == 0 || f.Price && amount == line.UnitPrice {
			continue
		}
		b, err := t.grant(ctx, basket, line, permission, amount)
		if err != nil {
			return nil, err
		}
		basket = b
		t.Stats.Favours++
	}
	return basket, nil
}

func (t *Till) grant(ctx context.Context, basket *Basket, line sale.Line, permission Permission, amount money.Amount) (*Basket, error) {
	approval, err := t.Approve(ctx, t.Manager, permission, basket.ID)
	if err != nil {
		return nil, err
	}
	if permission == ToOverridePrice {
		return t.OverridePrice(ctx, basket.ID, line.LineNo, amount, "giá trên kệ khác", approval, NewKey())
	}
	return t.Discount(ctx, basket.ID, line.LineNo, amount, "hộp bị móp", approval, NewKey())
}
