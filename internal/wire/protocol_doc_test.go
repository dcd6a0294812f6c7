package wire_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

const protocolDocument = "../../docs/sync-protocol.md"

// example is the code block of the protocol's document behind a marker.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(protocolDocument)
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)<!-- example: " + name + " -->\n+```[a-z]*\n(.*?)\n```").FindSubmatch(text)
	require.NotNil(t, block, "%s has no example %q", protocolDocument, name)
	return string(block[1])
}

// The document's numbers are the code's: whoever writes another client checks it
// against them.
func TestTheDocumentedBatchVerifies(t *testing.T) {
	t.Parallel()
	batch, err := wire.DecodeBatch(strings.NewReader(example(t, "batch")))
	require.NoError(t, err)
	require.NoError(t, batch.Validate())
	require.Len(t, batch.Events, 2)
	require.Zero(t, batch.BrokenAt(), "its hash is not that of its bytes")
	for i := range batch.Events {
		e := &batch.Events[i]
		payloads := map[string]any{wire.TypeInventoryAdjusted: &wire.InventoryAdjusted{}, wire.TypePaymentCaptured: &wire.PaymentCaptured{}}
		payload := payloads[e.Type]
		require.NoError(t, wire.DecodePayload(e.Payload, payload))
		written, err := wire.EncodePayload(payload)
		require.NoError(t, err)
		require.Equal(t, written, e.Payload, "a payload is shown as the edge writes it")
	}
}

// So is its basket that was given up, which no batch there holds.
func TestTheDocumentedVoidIsAsTheEdgeWritesIt(t *testing.T) {
	t.Parallel()
	var void wire.BasketVoided
	require.NoError(t, wire.DecodePayload(example(t, "BasketVoided"), &void))
	require.NotEmpty(t, void.Removed[0].RemovedAt)
	require.NotEmpty(t, void.Overrides[0].ApprovedBy)
	written, err := wire.EncodePayload(void)
	require.NoError(t, err)
	require.Equal(t, example(t, "BasketVoided"), written)
}

// So is its sale.
func TestTheDocumentedSaleIsAsTheEdgeWritesIt(t *testing.T) {
	t.Parallel()
	var sale wire.SaleRecorded
	require.NoError(t, wire.DecodePayload(example(t, "SaleRecorded"), &sale))
	require.Len(t, sale.Lines, 2)
	require.Equal(t, sale.Totals.Total, sale.Lines[0].Amount+sale.Lines[1].Amount)
	require.Equal(t, sale.Totals.Total, sale.Totals.Subtotal+sale.Totals.Tax)
	written, err := wire.EncodePayload(sale)
	require.NoError(t, err)
	require.Equal(t, example(t, "SaleRecorded"), written)
}

// Every field of every payload stands in the document, so that nobody has to read
// the code.
func TestEveryPayloadFieldIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(protocolDocument)
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(text), "### Payloads")
	section, _, _ = strings.Cut(section, "<!-- example")
	words := regexp.MustCompile(`[a-z_]+`).FindAllString(section, -1)
	for _, payload := range []any{wire.SaleRecorded{}, wire.SaleLine{}, wire.SaleTotals{}, wire.TaxLine{}, wire.InventoryAdjusted{}, wire.Movement{},
		wire.PaymentCaptured{}, wire.BasketVoided{}, wire.BasketLine{}, wire.CancelledPayment{}, wire.Override{}} {
		of := reflect.TypeOf(payload)
		for field := range of.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.Contains(t, words, name, of.Name())
		}
	}
}

func TestTheDocumentedBytesAreTheHashedOnes(t *testing.T) {
	t.Parallel()
	batch, err := wire.DecodeBatch(strings.NewReader(example(t, "batch")))
	require.NoError(t, err)
	for i, name := range []string{"bytes of event 1", "bytes of event 2"} {
		var hashed []byte
		for line := range strings.Lines(example(t, name)) {
			_, digits, found := strings.Cut(strings.TrimSpace(line), " ")
			require.True(t, found, line)
			part, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
			require.NoError(t, err, line)
			hashed = append(hashed, part...)
		}
		require.Equal(t, batch.Events[i].Hash, wire.Hash(sha256.Sum256(hashed)), name)
	}
}
