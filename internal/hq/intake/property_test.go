package intake_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/hq/audit"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/money"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// However a store cuts, repeats, reorders and damages what it sends, HQ's log
// stays a prefix of the store's log; when the store follows HQ's mark it becomes
// the whole log, each event has been accepted exactly once, and the sums hold.
func TestAnyDeliveryEndsInTheStoresLog(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	stores := 0
	rapid.Check(t, func(rt *rapid.T) {
		stores++
		ctx := context.Background()
		shop := hqtest.NewShop("R" + string(rune('A'+stores/26%26)) + string(rune('A'+stores%26)) + rapid.StringMatching(`[0-9]{8}`).Draw(rt, "store"))
		_, err := fleet.New(db).Add(ctx, shop.ID, "random")
		require.NoError(rt, err)
		total := trade(rt, shop)
		in := intake.New(db, prometheus.NewRegistry())
		accepted, upto := 0, int64(0)
		send := func(batch *wire.Batch) {
			ack, err := in.Accept(ctx, batch)
			if err != nil {
				require.NotEqual(rt, fault.Internal, fault.KindOf(err), "%v", err)
				return
			}
			require.Len(rt, batch.Events, ack.Accepted+ack.Duplicates+len(ack.Errors))
			require.GreaterOrEqual(rt, ack.ReceivedUpto, upto, "the mark never falls")
			require.Equal(rt, shop.HashAt(ack.ReceivedUpto), ack.ChainHash)
			accepted, upto = accepted+ack.Accepted, ack.ReceivedUpto
		}
		for range rapid.IntRange(0, 12).Draw(rt, "sends") {
			send(anyBatch(rt, shop))
		}
		for upto < shop.Head() {
			send(shop.Batch(upto+1, min(shop.Head(), upto+rapid.Int64Range(1, 20).Draw(rt, "cut"))))
		}
		require.Equal(rt, int(shop.Head()), accepted)
		report, err := audit.Verify(ctx, db, shop.ID)
		require.NoError(rt, err)
		require.Nil(rt, report.Bad)
		require.Equal(rt, shop.HashAt(shop.Head()), report.ChainHash)
		require.Equal(rt, total, report.Total)
		require.Zero(rt, report.Drifting)
	})
}

// trade writes a random log and returns Σ totals of its sales.
func trade(rt *rapid.T, shop *hqtest.Shop) (total money.Amount) {
	items := []hqtest.Item{tea, coffee, rice}
	shop.Load(items...)
	for range rapid.IntRange(0, 8).Draw(rt, "sales") {
		var lines []hqtest.Line
		for range rapid.IntRange(1, 4).Draw(rt, "lines") {
			line := hqtest.Line{
				Item:     rapid.SampledFrom(items).Draw(rt, "item"),
				Quantity: sale.Quantity(rapid.Int64Range(1, 5_000).Draw(rt, "thousandths")),
			}
			line.Discount = money.Amount(rapid.Int64Range(0, int64(line.Quantity.Times(line.Item.Price))).Draw(rt, "discount"))
			total += line.Quantity.Times(line.Item.Price) - line.Discount
			lines = append(lines, line)
		}
		shop.Sell(lines...)
	}
	return total
}

// anyBatch is a run of the log, right or damaged.
func anyBatch(rt *rapid.T, shop *hqtest.Shop) *wire.Batch {
	first := rapid.Int64Range(1, shop.Head()).Draw(rt, "first")
	batch := shop.Batch(first, rapid.Int64Range(first, shop.Head()).Draw(rt, "last"))
	event := &batch.Events[rapid.IntRange(0, len(batch.Events)-1).Draw(rt, "event")]
	switch rapid.SampledFrom([]string{"none", "none", "payload", "hash", "hole", "prev", "epoch", "fork"}).Draw(rt, "damage") {
	case "payload":
		event.Payload += " "
	case "hash":
		event.Hash[3] ^= 8
	case "hole":
		batch.Events = append(batch.Events[:0], batch.Events[1:]...)
	case "prev":
		batch.PrevHash[0] ^= 1
	case "epoch":
		batch.Epoch++
	case "fork":
		if first > 1 {
			batch.PrevHash[0] ^= 1
			chain(batch)
		}
	}
	return batch
}
