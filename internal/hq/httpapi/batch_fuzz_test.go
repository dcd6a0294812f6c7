package httpapi_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/projection"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// assertAddsUp holds a voided basket that was let through against its sums.
func assertAddsUp(t *testing.T, v *wire.BasketVoided) {
	t.Helper()
	lines, total := map[int32]wire.BasketLine{}, int64(0)
	for _, l := range v.Lines {
		require.Equal(t, l.Gross-l.Discount, l.Amount)
		lines[l.LineNo] = l
		total += int64(l.Amount)
	}
	for _, l := range v.Removed {
		require.NotNil(t, l.RemovedAt)
		lines[l.LineNo] = l
	}
	require.Len(t, lines, len(v.Lines)+len(v.Removed))
	require.Equal(t, total, int64(v.Total))
	for i := range v.Overrides { // the last one of a line and kind is how the line is
		o := v.Overrides[i]
		last := !slices.ContainsFunc(v.Overrides[i+1:], func(x wire.Override) bool { return x.LineNo == o.LineNo && x.Kind == o.Kind })
		switch {
		case last && o.Kind == wire.OverridePrice:
			require.Equal(t, lines[o.LineNo].UnitPrice, o.After)
		case last:
			require.Equal(t, lines[o.LineNo].Discount, o.After)
		}
	}
}

// FuzzBatch feeds bytes to all that looks at a batch before the database does.
// Nothing panics, every refusal has its code, and what is read is what is
// written: a batch survives its own encoding, hash chain included.
func FuzzBatch(f *testing.F) {
	shop := hqtest.NewShop("S1")
	shop.Load(tea)
	shop.Sell(one(tea))
	shop.Void(one(tea), hqtest.Line{Item: tea, Quantity: sale.One, Discount: 700})
	shop.AppendRaw("FromTheFuture", 7, shop.Events[0].AggregateID, "{")
	for _, batch := range []*wire.Batch{shop.All(), shop.Batch(2, 3), {}} {
		data, err := wire.EncodeBatch(batch)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`{"store_id":"S1","epoch":1,"first_id":9223372036854775807,"prev_hash":"","events":[{}]}`))
	f.Add([]byte(`{"events":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		batch, err := wire.DecodeBatch(bytes.NewReader(data))
		if err != nil {
			require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
			return
		}
		if err := batch.Validate(); err != nil {
			require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
			return
		}
		broken := batch.BrokenAt()
		entries := projection.ReadAll(batch.Events)
		require.Len(t, entries, len(batch.Events))
		for i := range entries {
			if refusal := entries[i].Refusal; refusal != nil {
				require.NotEmpty(t, refusal.Code)
				continue
			}
			if v := entries[i].Void; v != nil {
				assertAddsUp(t, v)
			}
		}
		encoded, err := wire.EncodeBatch(batch)
		require.NoError(t, err)
		again, err := wire.DecodeBatch(bytes.NewReader(encoded))
		require.NoError(t, err)
		require.NoError(t, again.Validate())
		require.Equal(t, broken, again.BrokenAt())
	})
}
