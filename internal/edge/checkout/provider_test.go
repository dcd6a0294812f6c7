package checkout_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/checkout"
	"tiem/internal/fault"
	"tiem/internal/payment"
	"tiem/internal/sale"
)

// moody is a provider that fails as it is told, and remembers what it was asked.
type moody struct {
	fail  error
	asked []uuid.UUID
}

func (*moody) Name() string { return "moody" }

func (m *moody) Create(_ context.Context, in payment.Intent) (payment.Charge, error) {
	m.asked = append(m.asked, in.PaymentID)
	if m.fail != nil {
		return payment.Charge{}, m.fail
	}
	return payment.Charge{Reference: "R", QRPayload: "qr:" + in.PaymentID.String(), ExpiresAt: in.CreatedAt.Add(time.Minute)}, nil
}

// A provider that does not answer, or fails in a way that nobody classified, may
// have registered the charge: the payment stays PENDING, and the till's retry
// asks for the same one.
func TestProviderInDoubtIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, doubt := range map[string]error{
		"a plain error":   errors.New("read tcp: i/o timeout"),
		"a timeout":       context.DeadlineExceeded,
		"out of reach":    fault.New(fault.Unavailable, "provider_down", "down"),
		"outcome unknown": fault.New(fault.Unknown, "provider_unknown", "?"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _, _ := desk(t)
			m := &moody{fail: doubt}
			d.Providers = map[string]payment.Provider{"moody": m}
			by, id := basketOf(t, d)
			by.Once.TerminalID, by.Once.Key = "T1", "pay-1"
			_, err := d.Pay(t.Context(), by, id, sale.Tender{Method: sale.QR, Amount: 6000})
			require.Equal(t, "provider_unavailable", fault.CodeOf(err))
			m.fail = nil
			reply, err := d.Pay(t.Context(), by, id, sale.Tender{Method: sale.QR, Amount: 6000})
			require.NoError(t, err)
			require.Equal(t, sale.Pending, reply.Body.Status)
			require.Equal(t, "qr:"+reply.Body.ID.String(), reply.Body.QRPayload)
			require.Equal(t, []uuid.UUID{reply.Body.ID, reply.Body.ID}, m.asked, "one charge, asked for twice")
			again, err := d.Pay(t.Context(), by, id, sale.Tender{Method: sale.QR, Amount: 6000})
			require.NoError(t, err)
			require.Equal(t, reply.Body, again.Body)
			require.Len(t, m.asked, 2, "the answer is remembered now")
		})
	}
}

// hanging is a provider that says nothing until it is given up, and tells how
// long it was given.
type hanging struct{ given time.Duration }

func (*hanging) Name() string { return "hanging" }

func (h *hanging) Create(ctx context.Context, _ payment.Intent) (payment.Charge, error) {
	deadline, ok := ctx.Deadline()
	if ok {
		h.given = time.Until(deadline)
	}
	return payment.Charge{}, context.DeadlineExceeded
}

// A provider is never waited for without end, and is given up while the till's
// own call, of 8 s, has time left.
func TestProviderIsGivenLessTimeThanTheTill(t *testing.T) {
	t.Parallel()
	d, _, _ := desk(t)
	h := &hanging{}
	d.Providers = map[string]payment.Provider{"hanging": h}
	by, id := basketOf(t, d)
	_, err := d.Pay(t.Context(), by, id, sale.Tender{Method: sale.QR, Amount: 6000})
	require.Equal(t, "provider_unavailable", fault.CodeOf(err))
	require.Positive(t, h.given)
	require.Less(t, h.given, 8*time.Second)
	b, err := d.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, sale.Pending, b.Payments[0].Status)
}

// A definite refusal fails the payment, frees the basket, and is not stored as
// an answer.
func TestProviderThatRefuses(t *testing.T) {
	t.Parallel()
	d, _, _ := desk(t)
	m := &moody{fail: fault.New(fault.Invalid, "amount_too_small", "too small")}
	d.Providers = map[string]payment.Provider{"moody": m}
	by, id := basketOf(t, d)
	by.Once.TerminalID, by.Once.Key = "T1", "pay-1"
	tender := sale.Tender{Method: sale.QR, Amount: 6000}
	_, err := d.Pay(t.Context(), by, id, tender)
	require.Equal(t, "amount_too_small", fault.CodeOf(err))
	b, err := d.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, sale.Failed, b.Payments[0].Status)
	require.EqualValues(t, 6000, b.Totals.Due, "the amount is free again")
	m.fail = nil
	reply, err := d.Pay(t.Context(), by, id, tender)
	require.NoError(t, err, "failures are not stored: the same key may be tried again")
	require.Equal(t, sale.Pending, reply.Body.Status)
	require.NotEqual(t, b.Payments[0].ID, reply.Body.ID)
}

// basketOf is a DRAFT with one bottle in it.
func basketOf(t *testing.T, d *checkout.Desk) (checkout.Caller, uuid.UUID) {
	t.Helper()
	by, id := checkout.Caller{TerminalID: "T1"}, uuid.Must(uuid.NewV7())
	_, err := d.Create(t.Context(), by, checkout.Opening{ID: id, CashierID: "C1"})
	require.NoError(t, err)
	_, err = d.AddItem(t.Context(), by, id, checkout.Scan{Barcode: "8934588063145", Quantity: sale.One})
	require.NoError(t, err)
	return by, id
}
