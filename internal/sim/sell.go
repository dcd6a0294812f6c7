package sim

import (
	"context"
	"fmt"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

// Outcome is how a visit ended.
type Outcome struct {
	TransactionID uuid.UUID
	Basket        *Basket // as the edge last showed it; PAID or VOIDED
	Key           string  // of finalize: the same call again must give the same receipt
	CashierID     string  // who finalized it; empty: nobody did
	ApprovedBy    string  // whose PIN stood for what was taken off its lines; empty: nobody's
}

// Sell serves one shopper, from the first scan to PAID or VOIDED, at this till
// alone: what a visit suspends is resumed here. What comes back without an error
// was seen by the cashier; with an error, the outcome's id says which basket is
// in doubt (zero: none was opened).
func (t *Till) Sell(ctx context.Context, v Visit) (Outcome, error) {
	v.Pause = v.Pause.alone() // only another till takes over from a dead one
	visit := begin(v)
	for {
		if parked, err := t.serve(ctx, visit); err != nil || !parked {
			return visit.out, err
		}
	}
}

// serving is a visit on its way through the shop: any till may go on with it.
type serving struct {
	visit    Visit
	out      Outcome
	openedBy string // the cashier; empty: it is not open yet
	paused   bool   // resume it first
	left     bool   // the pause was made
	tenders  []sale.Tender
}

func begin(v Visit) *serving {
	return &serving{visit: v, out: Outcome{TransactionID: newID(), Key: NewKey()}}
}

// serve goes on with a visit until it is over, or parked for a till to go on.
func (t *Till) serve(ctx context.Context, s *serving) (parked bool, err error) {
	if s.openedBy == "" {
		if err := t.ring(ctx, s); err != nil {
			return false, err
		}
	}
	if s.paused {
		t.doing(WorkResuming)
		if _, err := t.Resume(ctx, s.out.TransactionID, NewKey()); err != nil {
			return false, err
		}
		if s.paused = false; s.visit.Pause.Kind == Dies {
			t.Stats.TakenOver++
		} else {
			t.Stats.Resumed++
		}
	}
	if s.pausesNow(false) {
		return true, t.leave(ctx, s)
	}
	if s.visit.GivesUp {
		s.out.Basket, err = t.giveUp(ctx, s)
		return false, err
	}
	return t.settle(ctx, s)
}

// ring opens the basket, scans, and makes edits and favours.
func (t *Till) ring(ctx context.Context, s *serving) error {
	t.doing(WorkScanning)
	if err := t.open(ctx, s.out.TransactionID, s.visit.Probe); err != nil {
		return err
	}
	s.openedBy = t.CashierID
	basket, err := t.fill(ctx, s.out.TransactionID, s.visit)
	if err != nil {
		return err
	}
	before := t.Stats.Favours
	if basket, err = t.favours(ctx, basket, s.visit.Favours); err != nil {
		return err
	}
	if t.Stats.Favours > before {
		s.out.ApprovedBy = t.Manager
	}
	s.tenders = s.visit.tenders(basket.Totals.Due)
	return nil
}

// settle takes what is left to pay, and finalizes.
func (t *Till) settle(ctx context.Context, s *serving) (parked bool, err error) {
	t.doing(WorkPaying)
	if err := t.Pace.pay(ctx); err != nil {
		return false, err
	}
	for len(s.tenders) > 0 {
		if err := t.take(ctx, s.out.TransactionID, s.tenders[0], s.visit.Probe); err != nil {
			return false, err
		}
		s.tenders = s.tenders[1:]
		if s.pausesNow(true) {
			return true, t.leave(ctx, s)
		}
	}
	if s.out.Basket, err = t.Finalize(ctx, s.out.TransactionID, s.out.Key); err != nil {
		return false, err
	}
	s.out.CashierID = t.CashierID
	if s.visit.Probe == VoidPaid && s.openedBy != t.CashierID {
		return false, nil // it would be refused for another reason
	}
	return false, t.probePaid(ctx, s.out, s.visit.Probe)
}

// giveUp voids the basket; somebody else's needs the manager's PIN.
func (t *Till) giveUp(ctx context.Context, s *serving) (*Basket, error) {
	t.doing(WorkVoiding)
	id := s.out.TransactionID
	void := func() (*Basket, error) { return t.Void(ctx, id, NewKey()) }
	if s.openedBy != t.CashierID {
		approval, err := t.Approve(ctx, t.Manager, ToVoidOthers, id)
		if err != nil {
			return nil, err
		}
		t.Stats.Others++
		void = func() (*Basket, error) { return t.VoidOthers(ctx, id, "khách bỏ về", approval, NewKey()) }
	}
	b, err := void()
	if err == nil && b.Status != sale.Voided {
		return nil, fault.New(fault.Internal, "not_voided", "void of %s succeeded, but it is %s", id, b.Status)
	}
	return b, err
}

func (t *Till) open(ctx context.Context, id uuid.UUID, probe Probe) error {
	key := NewKey()
	if _, err := t.Open(ctx, id, key); err != nil || probe != OpenTwice {
		return err
	}
	for _, again := range []string{key, NewKey()} {
		b, err := t.Open(ctx, id, again)
		if err != nil {
			return unlessSilent(id, probe, "one basket", err)
		}
		if b.ID != id || len(b.Lines) != 0 {
			return breach(id, probe, "the same basket", fmt.Sprintf("basket %s with %d lines", b.ID, len(b.Lines)))
		}
	}
	return nil
}

// fill scans the picks, then makes the edits. Lines are numbered in the order
// in which they were scanned.
func (t *Till) fill(ctx context.Context, id uuid.UUID, v Visit) (*Basket, error) {
	var basket *Basket
	for i, pick := range v.Picks {
		if err := t.Pace.scan(ctx); err != nil {
			return nil, err
		}
		key := NewKey()
		b, err := t.Scan(ctx, id, pick, key)
		if err != nil {
			return nil, err
		}
		if basket = b; i == 0 {
			if err := t.probeScan(ctx, id, pick, key, v.Probe); err != nil {
				return nil, err
			}
		}
	}
	for _, edit := range v.Edits {
		b, err := t.edit(ctx, id, edit)
		if err != nil {
			return nil, err
		}
		basket = b
	}
	return basket, nil
}

func (t *Till) edit(ctx context.Context, id uuid.UUID, edit Edit) (*Basket, error) {
	lineNo := int32(edit.Line) + 1
	if edit.Remove {
		return t.Remove(ctx, id, lineNo, NewKey())
	}
	return t.ChangeQuantity(ctx, id, lineNo, edit.Quantity, NewKey())
}

// take takes one payment; a QR is captured by the customer's phone.
func (t *Till) take(ctx context.Context, id uuid.UUID, tender sale.Tender, probe Probe) error {
	key := NewKey()
	p, err := t.Pay(ctx, id, tender, key)
	if err != nil {
		return err
	}
	if probe == PayTwice {
		if err := t.probePay(ctx, id, tender, key); err != nil {
			return err
		}
	}
	if p.Status == sale.Captured {
		return nil
	}
	settled, err := t.Simulate(ctx, p.ID, sale.Captured, NewKey())
	if err == nil && settled.Status != sale.Captured {
		err = fault.New(fault.Internal, "not_captured", "payment %s was captured, but it is %s", p.ID, settled.Status)
	}
	return err
}
