package edge_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/staff"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// demo is a shop with the fake provider, a till, a cashier and water.
func demo(t *testing.T, change ...func(*edge.Config)) *edge.App {
	t.Helper()
	app := open(t, append(change, func(c *edge.Config) { c.Demo = true })...)
	_, err := app.Terminals.Add(t.Context(), "T1", "Till 1", false)
	require.NoError(t, err)
	_, err = app.People.Add(t.Context(), "C1", "Lan", staff.Cashier)
	require.NoError(t, err)
	_, err = app.Loader.Load(t.Context(), []catalog.Row{{SKU: "NUOC-0001", Name: "Nước", Unit: "chai", Barcodes: []string{"8934588063145"}, Price: 6_000,
		PriceSource: "observed", TaxCode: "STANDARD", Category: "Nước"}}, false)
	require.NoError(t, err)
	return app
}

// qr begins a QR payment of 6 000 for a basket of its own.
func qr(t *testing.T, app *edge.App) sale.Payment {
	t.Helper()
	by := checkout.Caller{TerminalID: "T1"}
	b, err := app.Desk.Create(t.Context(), by, checkout.Opening{CashierID: "C1"})
	require.NoError(t, err)
	_, err = app.Desk.AddItem(t.Context(), by, b.Body.ID, checkout.Scan{Barcode: "8934588063145", Quantity: sale.One})
	require.NoError(t, err)
	p, err := app.Desk.Pay(t.Context(), by, b.Body.ID, sale.Tender{Method: sale.QR, Amount: 6_000})
	require.NoError(t, err)
	require.Equal(t, sale.Pending, p.Body.Status)
	return p.Body
}

func status(t *testing.T, app *edge.App, id uuid.UUID) sale.PaymentStatus {
	t.Helper()
	p, err := app.Desk.Payment(t.Context(), id)
	require.NoError(t, err)
	return p.Status
}

// serve runs the app on a free port until the test ends.
func serve(t *testing.T, app *edge.App) (url string) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return "http://" + ln.Addr().String()
}

func TestAFakeQRSettlesByItself(t *testing.T) {
	t.Parallel()
	const after = 300 * time.Millisecond
	app := demo(t, func(c *edge.Config) { c.FakeCaptureAfter = after })
	url := serve(t, app)
	response, err := http.Get(url + "/ready")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)

	p := qr(t, app)
	require.Eventually(t, func() bool { return status(t, app, p.ID) == sale.Captured }, 10*time.Second, 10*time.Millisecond)
	settled, err := app.Desk.Payment(t.Context(), p.ID)
	require.NoError(t, err)
	require.GreaterOrEqual(t, settled.CapturedAt.Sub(p.CreatedAt), after, "not earlier than it says")
	events, err := app.Outbox.List(t.Context(), app.DB, outbox.All, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, []string{wire.TypePaymentCaptured, "T1", "C1"}, []string{events[0].Type, events[0].TerminalID, events[0].CashierID})
	paid, err := app.Desk.Finalize(t.Context(), checkout.Caller{TerminalID: "T1"}, p.TransactionID)
	require.NoError(t, err)
	require.Equal(t, sale.Paid, paid.Body.Status)
}

func TestSweepingPayments(t *testing.T) {
	t.Parallel()
	app := demo(t)
	now := time.Now()
	app.Desk.Now = func() time.Time { return now }
	sweep := func(captureAfter time.Duration) int {
		n, err := app.Desk.SweepPayments(t.Context(), captureAfter)
		require.NoError(t, err)
		return n
	}
	old := qr(t, app)
	now = now.Add(14 * time.Minute)
	young := qr(t, app)
	require.Zero(t, sweep(0), "0 is never")
	now = now.Add(time.Minute)
	require.Zero(t, sweep(0), "its last moment is its own")
	now = now.Add(time.Millisecond)
	require.Equal(t, 1, sweep(0))
	require.Equal(t, []sale.PaymentStatus{sale.Expired, sale.Pending}, []sale.PaymentStatus{status(t, app, old.ID), status(t, app, young.ID)})
	require.Zero(t, sweep(2*time.Minute), "too young")
	require.Equal(t, 1, sweep(time.Minute))
	require.Equal(t, sale.Captured, status(t, app, young.ID))
	require.Zero(t, sweep(time.Minute), "nothing twice")
}

// Payments that nobody knows about any more must not keep others from being settled.
func TestUnknownPaymentsDoNotBlockTheSweep(t *testing.T) {
	t.Parallel()
	app := demo(t)
	now := time.Now()
	app.Desk.Now = func() time.Time { return now }
	p := qr(t, app)
	_, err := app.DB.Exec(t.Context(), fmt.Sprintf(`insert into payments (id, transaction_id, store_id, terminal_id, cashier_id, method, provider, status, amount, tendered, created_at, updated_at)
		select gen_random_uuid(), '%s', 'S1', 'T1', 'C1', 'QR', 'fake', 'UNKNOWN', 1, 1, now() - interval '1 day', now() from generate_series(1, 150)`, p.TransactionID))
	require.NoError(t, err)
	now = now.Add(time.Hour)
	n, err := app.Desk.SweepPayments(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, sale.Expired, status(t, app, p.ID))
}
