package fake_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/payment"
	"tiem/internal/payment/fake"
)

func TestAFakeChargeSaysThatItIsFake(t *testing.T) {
	t.Parallel()
	id := uuid.Must(uuid.NewV7())
	intent := payment.Intent{PaymentID: id, TransactionID: uuid.Must(uuid.NewV7()), StoreID: "S1", TerminalID: "T1", Amount: 56_000, Currency: "VND",
		CreatedAt: time.Date(2026, 11, 22, 16, 0, 0, 123_000, time.FixedZone("", 7*3600))}
	charge, err := fake.Provider{}.Create(t.Context(), intent)
	require.NoError(t, err)
	require.Equal(t, "FAKE-"+id.String(), charge.Reference)
	require.Equal(t, intent.CreatedAt.Add(15*time.Minute), charge.ExpiresAt)
	var shown map[string]any
	require.NoError(t, json.Unmarshal([]byte(charge.QRPayload), &shown))
	require.Equal(t, map[string]any{"notice": "DEMO - not a payment", "provider": "fake", "payment_id": id.String(), "store": "S1",
		"amount": 56_000.0, "currency": "VND", "expires_at": "2026-11-22T09:15:00Z"}, shown)

	again, err := fake.Provider{}.Create(t.Context(), intent)
	require.NoError(t, err)
	require.Equal(t, charge, again, "asking twice charges once")
	require.Equal(t, "fake", fake.Provider{}.Name())

	_, err = payment.QRPNG(charge.QRPayload)
	require.NoError(t, err)
}
