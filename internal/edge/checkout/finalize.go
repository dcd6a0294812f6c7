package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/failpoint"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/pricing"
	"tiem/internal/sale"
	"tiem/internal/stock"
)

// Finalize makes a fully paid basket a sale: PAID, a receipt number, stock down,
// and its events in the outbox, all in one transaction. Finalizing a PAID
// transaction again returns the same receipt. Faults: payment_incomplete,
// transaction_empty, transaction_voided, transaction_suspended (409).
//
// It is two round trips with the rules in between. In the order in which it happens:
//
//	1  begin; token, idempotency key    idempotency.begin     (edgedb/lock_key.go)
//	   lock and read the basket         locked in lock.go     (edgedb/lock_sale.go)
//	   take its goods and a number      take_stock            (edgedb/take_stock.go, migrations/00007_finalize.sql)
//	2  rules: payable? totals, tax      sale, pricing, stock  (finalize below)
//	   events, and the answer           events.go, outbox.Append, idempotency.remember
//	3  the sale's row, the answer       queueFinalize         (postgres.Tx.Queue)
//	   the log: lock its head, append   outbox_append_events  (postgres.Tx.Last, migrations/00010_handoff.sql)
//	   commit                           postgres.Tx.flush
//
// The goods are taken on trust, ahead of the rules, because the events tell of
// them; if a rule refuses, the rollback puts them back.
func (d *Desk) Finalize(ctx context.Context, by Caller, id uuid.UUID) (Reply, error) {
	failpoint.Hit("checkout.before_begin")
	var taken edgedb.TakeStockRow
	take := func(b *pgx.Batch) { edgedb.TakeStock(b, id, by.TerminalID, d.now(), &taken) }
	reply, err := locked(ctx, d, by, id, take, func(ctx context.Context, tx *postgres.Tx, s *stored) (int, Basket, error) {
		view, err := d.finalize(ctx, tx, by, s, taken)
		return 200, view, err
	})
	failpoint.Hit("checkout.after_commit")
	if fault.KindOf(err) == fault.Unknown {
		return d.lookUp(ctx, id, err)
	}
	return reply, err
}

func (d *Desk) finalize(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, taken edgedb.TakeStockRow) (Basket, error) {
	if s.t.Status == sale.Paid {
		return s.view("")
	}
	now := d.now() // once, after the lock: rate, business date and event agree
	if err := s.t.HeldBy(by.TerminalID); err != nil {
		return Basket{}, err
	}
	if err := s.t.CheckPayable(); err != nil {
		return Basket{}, err
	}
	totals, err := pricing.Compute(&s.t, s.rates.On(d.Day.Date(now)))
	if err != nil {
		return Basket{}, err
	}
	takes := stock.Sold(&s.t)
	if err := sameTakes(takes, taken); err != nil {
		return Basket{}, err
	}
	receiptNo := fmt.Sprintf("%s-%s-%07d", d.StoreID, by.TerminalID, taken.ReceiptSeq)
	s.t.Finalize(s.acting, receiptNo, d.Day.Date(now), now)
	drafts, err := d.saleEvents(s, totals, takes, taken.Balances, now)
	if err != nil {
		return Basket{}, err
	}
	if err := queueFinalize(ctx, tx, s, totals, taken.ReceiptSeq, now); err != nil {
		return Basket{}, err
	}
	failpoint.Hit("checkout.before_outbox")
	if err := d.Log.Append(ctx, tx, drafts...); err != nil {
		return Basket{}, err
	}
	failpoint.Hit("checkout.before_commit")
	return Basket{Transaction: s.t, Totals: totals}, nil
}

// sameTakes refuses a sale if the database took anything else off the shelf than
// the rule says.
func sameTakes(takes []stock.Take, taken edgedb.TakeStockRow) error {
	same := len(takes) == len(taken.Items)
	for i := 0; same && i < len(takes); i++ {
		same = takes[i].ItemID == taken.Items[i] && int64(takes[i].Quantity) == taken.Quantities[i]
	}
	if !same {
		return fault.New(fault.Internal, "stock_taken_wrong", "what was taken off stock is not what was sold")
	}
	return nil
}

// lookUp answers a finalize whose COMMIT was in doubt: if the sale is PAID it
// happened, with exactly this receipt; else the doubt stays the caller's to
// resolve, by asking again.
func (d *Desk) lookUp(ctx context.Context, id uuid.UUID, doubt error) (Reply, error) {
	view, err := d.Get(ctx, id)
	if err != nil || view.Status != sale.Paid {
		return Reply{}, doubt
	}
	return Reply{Status: 200, Body: view}, nil
}

// queueFinalize queues the sale's own row.
func queueFinalize(ctx context.Context, tx *postgres.Tx, s *stored, totals pricing.Totals, seq int64, now time.Time) error {
	date, err := edgedb.Date(s.t.BusinessDate)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "business_date_invalid", "business date %q", s.t.BusinessDate)
	}
	taxLines, err := json.Marshal(totals.TaxLines)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "tax_lines_unwritable", "the tax lines cannot be encoded")
	}
	gross, discount, tax, total := int64(totals.Gross), int64(totals.Discount), int64(totals.Tax), int64(totals.Total)
	return edgedb.New().FinalizeTransaction(ctx, tx.Queued(), edgedb.FinalizeTransactionParams{ID: s.t.ID, UpdatedAt: now, BusinessDate: &date,
		ReceiptSeq: &seq, ReceiptNo: &s.t.ReceiptNo, Gross: &gross, Discount: &discount, Tax: &tax, Total: &total, TaxLines: taxLines, CashierID: s.t.CashierID})
}

// saleEvents are the events of a sale, in the order in which they are logged:
// what was sold, what left the shelf, and the cash that was taken. A QR's
// capture was logged when it happened.
func (d *Desk) saleEvents(s *stored, totals pricing.Totals, takes []stock.Take, balances []int64, now time.Time) ([]outbox.Draft, error) {
	sold, err := d.saleRecorded(s, totals, now)
	if err != nil {
		return nil, err
	}
	moved, err := d.inventoryAdjusted(s, takes, balances, now)
	if err != nil {
		return nil, err
	}
	drafts := []outbox.Draft{sold, moved}
	for i := range s.t.Payments {
		p := &s.t.Payments[i]
		if p.Method != sale.Cash || p.Status != sale.Captured {
			continue
		}
		draft, err := d.paymentCaptured(s, p, now)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, draft)
	}
	return drafts, nil
}
