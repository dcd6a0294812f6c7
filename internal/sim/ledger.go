package sim

import (
	"slices"
	"sync"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
)

// Acknowledged is a sale whose cashier saw PAID.
type Acknowledged struct {
	TransactionID uuid.UUID
	TerminalID    string
	CashierID     string // who finalized it
	ApprovedBy    string // whose PIN stood for what was taken off its lines; empty: nobody's
	ReceiptNo     string
	Total         money.Amount
	Key           string // of finalize
}

// Ledger is what the cashiers saw: the promises that the shop has made. It is
// safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	sales   []Acknowledged
	voided  []uuid.UUID
	inDoubt []uuid.UUID // a till gave up on it without a clear answer
	changed chan struct{}
	stats   TillStats
	total   money.Amount // of the sales
}

// NewLedger is empty.
func NewLedger() *Ledger { return &Ledger{changed: make(chan struct{})} }

// Sales are the acknowledged sales so far, in the order in which they were seen.
func (l *Ledger) Sales() []Acknowledged {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.sales)
}

// Voided are the baskets that were given up, and seen to be.
func (l *Ledger) Voided() []uuid.UUID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.voided)
}

// InDoubt are the baskets of which no till knows how they ended.
func (l *Ledger) InDoubt() []uuid.UUID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.inDoubt)
}

// Stats are the tills' counts, of those that have finished.
func (l *Ledger) Stats() TillStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// sum is how many sales were acknowledged, for how much, and how many baskets
// were given up.
func (l *Ledger) sum() (sales int, total money.Amount, voided int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sales), l.total, len(l.voided)
}

// record writes down how a visit ended.
func (l *Ledger) record(terminalID string, out Outcome, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch b := out.Basket; {
	case b != nil && b.ReceiptNo != "":
		l.total += b.Totals.Total
		l.sales = append(l.sales, Acknowledged{TransactionID: b.ID, TerminalID: terminalID, CashierID: out.CashierID, ApprovedBy: out.ApprovedBy,
			ReceiptNo: b.ReceiptNo, Total: b.Totals.Total, Key: out.Key})
	case b != nil && err == nil:
		l.voided = append(l.voided, b.ID)
	default:
		l.inDoubt = append(l.inDoubt, out.TransactionID)
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// doubt writes down a basket that nobody ended.
func (l *Ledger) doubt(id uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inDoubt = append(l.inDoubt, id)
}

func (l *Ledger) count(stats TillStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.add(stats)
}

// progress is how many sales were acknowledged, and a channel that is closed
// when that may have changed.
func (l *Ledger) progress() (int, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sales), l.changed
}
