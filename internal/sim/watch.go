package sim

import (
	"sync"
	"time"
)

// Watch is what one can see of tills while they sell. It is safe for concurrent
// use; a nil *Watch sees nothing.
type Watch struct {
	mu    sync.Mutex
	calls map[string]*histogram
	fails map[string]int64
	tills []TillView
}

// NewWatch has seen nothing.
func NewWatch() *Watch {
	return &Watch{calls: map[string]*histogram{}, fails: map[string]int64{}}
}

// TillView is a till as one sees it.
type TillView struct {
	TerminalID string `json:"terminal_id"`
	CashierID  string `json:"cashier_id"`
	Work       Work   `json:"-"`
	Calls      int64  `json:"calls"` // that were answered with a success
}

// CallView is how long one kind of call took, retries included.
type CallView struct {
	Call          string        `json:"call"`
	Count         int64         `json:"count"`
	Failed        int64         `json:"failed,omitzero"` // refused, or given up
	P50, P95, P99 time.Duration `json:"-"`
	P50MS         float64       `json:"p50_ms"`
	P95MS         float64       `json:"p95_ms"`
	P99MS         float64       `json:"p99_ms"`
}

// follow lets the watch see a till.
func (w *Watch) follow(number int, till *Till) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.tills) <= number {
		w.tills = append(w.tills, TillView{})
	}
	w.tills[number] = TillView{TerminalID: till.Login.TerminalID, CashierID: till.CashierID, Work: WorkWaiting}
	till.Doing = func(work Work) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tills[number].Work = work
	}
	till.Observe = func(call string, took time.Duration, err error) { w.observe(number, call, took, err) }
}

func (w *Watch) observe(number int, call string, took time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.fails[call]++
		return
	}
	w.tills[number].Calls++
	if w.calls[call] == nil {
		w.calls[call] = &histogram{}
	}
	w.calls[call].add(took)
}

// Tills are all tills, by number.
func (w *Watch) Tills() []TillView {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]TillView(nil), w.tills...)
}

// Calls are the calls that were made, in Calls' order.
func (w *Watch) Calls() []CallView {
	w.mu.Lock()
	defer w.mu.Unlock()
	var views []CallView
	for _, call := range Calls() {
		h := w.calls[call]
		if h == nil && w.fails[call] == 0 {
			continue
		}
		if h == nil {
			h = &histogram{}
		}
		v := CallView{Call: call, Count: h.total, Failed: w.fails[call], P50: h.quantile(500), P95: h.quantile(950), P99: h.quantile(990)}
		v.P50MS, v.P95MS, v.P99MS = milliseconds(v.P50), milliseconds(v.P95), milliseconds(v.P99)
		views = append(views, v)
	}
	return views
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
