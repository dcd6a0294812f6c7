package intake_test

import (
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
)

// breakage is one way to violate one rule; rank is the rule's place in the
// contract's order.
type breakage struct {
	code string
	rank int
	do   func(shop *hqtest.Shop, b *wire.Batch)
}

// breakages are applied to a batch of events 4 to 7 while HQ holds 1 to 5.
var breakages = map[string]breakage{
	"ids not consecutive":   {wire.CodeBatchInvalid, 1, func(_ *hqtest.Shop, b *wire.Batch) { b.Events[len(b.Events)-1].ID += 7 }},
	"no such date":          {wire.CodeBatchInvalid, 1, func(_ *hqtest.Shop, b *wire.Batch) { b.Events[0].BusinessDate = "2026-02-30" }},
	"an epoch never issued": {wire.CodeFenced, 2, func(_ *hqtest.Shop, b *wire.Batch) { b.Epoch = 2 }},
	"a gap": {wire.CodeGap, 3, func(_ *hqtest.Shop, b *wire.Batch) {
		b.FirstID, b.PrevHash, b.Events = b.FirstID+3, b.Events[2].Hash, b.Events[3:]
	}},
	"a changed byte": {wire.CodeHashMismatch, 4, func(_ *hqtest.Shop, b *wire.Batch) { b.Events[len(b.Events)-1].Payload += " " }},
	"another history": {wire.CodeFork, 5, func(_ *hqtest.Shop, b *wire.Batch) {
		b.PrevHash[0] ^= 1
		chain(b)
	}},
	"an event_id of an older event": {wire.CodeEventIDReused, 6, func(shop *hqtest.Shop, b *wire.Batch) {
		b.Events[len(b.Events)-1].EventID = shop.Events[0].EventID
		chain(b)
	}},
}

// chain makes the batch's hashes right, whatever was changed.
func chain(b *wire.Batch) {
	prev := b.PrevHash
	for i := range b.Events {
		b.Events[i].Hash = b.Events[i].Chain(prev)
		prev = b.Events[i].Hash
	}
}

func TestEachRuleRefusesAndTheEarlierSpeaks(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea)
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	accept(t, in, shop.Batch(1, 5))

	for name, broken := range breakages {
		batch := shop.Batch(4, 7)
		broken.do(shop, batch)
		t.Run(name, func(t *testing.T) { refuse(t, db, in, batch, broken.code) })
		for other, second := range breakages {
			if second.rank <= broken.rank {
				continue
			}
			batch := shop.Batch(4, 7)
			second.do(shop, batch) // the later rule's first: it may rehash
			broken.do(shop, batch)
			t.Run(name+" and "+other, func(t *testing.T) { refuse(t, db, in, batch, broken.code) })
		}
	}
	ack := accept(t, in, shop.Batch(4, 7))
	require.Equal(t, 2, ack.Duplicates)
	require.Equal(t, 2, ack.Accepted)
}

func TestAGapSaysWhereToGoOn(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	accept(t, in, shop.Batch(1, 2))

	details := refuse(t, db, in, shop.Batch(4, 6), wire.CodeGap)
	require.EqualValues(t, 3, details["expected_id"])
	require.Equal(t, shop.HashAt(2), details["chain_hash"])
	accept(t, in, shop.Batch(3, 6))
}

func TestAForkIsFoundWhereverItLies(t *testing.T) {
	db, in, shop := setup(t)
	for range 3 {
		shop.Sell(one(tea))
	}
	accept(t, in, shop.Batch(1, 6))

	for name, batch := range map[string]*wire.Batch{
		"right behind HQ's mark":    shop.Batch(7, 9),
		"within the overlap":        shop.Batch(5, 9),
		"before the overlap":        shop.Batch(3, 9),
		"everything known to HQ":    shop.Batch(2, 4),
		"from the very first event": shop.Batch(1, 9),
	} {
		t.Run(name, func(t *testing.T) {
			fork := *batch
			fork.Events = append([]wire.Event{}, batch.Events...)
			if fork.FirstID == 1 {
				fork.Events[0].CashierID = "C2"
			} else {
				fork.PrevHash[31] ^= 0x80
			}
			chain(&fork)
			refuse(t, db, in, &fork, wire.CodeFork)
			require.Zero(t, fork.BrokenAt())
		})
	}
}

func TestAnEventIDIsUsedOnce(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	batch := shop.Batch(1, 6)
	batch.Events[4].EventID = batch.Events[2].EventID
	chain(batch)
	details := refuse(t, db, in, batch, wire.CodeEventIDReused)
	require.EqualValues(t, 5, details["at_id"])
	require.EqualValues(t, 3, details["stands_at_id"])
}

func TestAnEventIDMayStandInTwoStores(t *testing.T) {
	db, in, shop := setup(t)
	addStore(t, db, "S2")
	other := hqtest.NewShop("S2")
	shop.Sell(one(tea))
	other.Sell(one(tea))
	other.Events[0].EventID = shop.Events[0].EventID
	other.Rehash(1)
	accept(t, in, shop.All())
	require.Equal(t, 3, accept(t, in, other.All()).Accepted)
}

func TestAStoreThatHQDoesNotKnow(t *testing.T) {
	db, in, _ := setup(t)
	stranger := hqtest.NewShop("S9")
	stranger.Sell(one(tea))
	refuse(t, db, in, stranger.All(), "store_unknown")
}

func TestAnOlderBoxIsFenced(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	accept(t, in, shop.All())
	_, err := db.Exec(t.Context(), "update store_streams set epoch = 2")
	require.NoError(t, err)
	shop.Sell(one(tea))
	details := refuse(t, db, in, shop.Batch(4, 6), wire.CodeFenced)
	require.EqualValues(t, 2, details["epoch"])

	shop.Epoch = 2 // the new box sends what the old one wrote, and its own
	shop.Append(wire.TypeInventoryAdjusted, uuid.Must(uuid.NewV7()), shop.Moved(uuid.Must(uuid.NewV7())))
	require.Equal(t, shop.Head(), accept(t, in, shop.Batch(4, shop.Head())).ReceivedUpto)
}
