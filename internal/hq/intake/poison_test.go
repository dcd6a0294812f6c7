package intake_test

import (
	"strings"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/projection"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// poisons append one event that HQ must set aside, for the reason that is
// their name's first word. Those marked (sql) only PostgreSQL can refuse.
var poisons = map[string]func(shop *hqtest.Shop){
	"unknown_type": func(shop *hqtest.Shop) {
		shop.AppendRaw("MoonPhaseChanged", 1, newID(), `{"phase":"full"}`)
	},
	"unknown_version": func(shop *hqtest.Shop) {
		shop.AppendRaw(wire.TypeSaleRecorded, 2, newID(), `{}`)
	},
	"payload_invalid: no JSON": func(shop *hqtest.Shop) {
		shop.AppendRaw(wire.TypeSaleRecorded, 1, newID(), `{"transaction_id":`)
	},
	"payload_invalid: another type's": func(shop *hqtest.Shop) {
		id := newID()
		shop.Append(wire.TypeSaleRecorded, id, shop.Moved(id, one(tea)))
	},
	"payload_invalid: money as a fraction": func(shop *hqtest.Shop) {
		broken(shop, func(*wire.SaleRecorded) {}, `"unit_price":10000`, `"unit_price":10000.5`)
	},
	"payload_invalid: a quantity as a number": func(shop *hqtest.Shop) {
		broken(shop, func(*wire.SaleRecorded) {}, `"quantity":"1"`, `"quantity":1`)
	},
	"payload_invalid: another till's receipt": func(shop *hqtest.Shop) {
		broken(shop, func(r *wire.SaleRecorded) { r.ReceiptNo = "S1-T2-0000001" }, "", "")
	},
	"payload_invalid: NUL in a name (sql)": func(shop *hqtest.Shop) {
		broken(shop, func(*wire.SaleRecorded) {}, `"name":"M`, `"name":"\u0000M`)
	},
	"payload_invalid: no lines": func(shop *hqtest.Shop) {
		broken(shop, func(r *wire.SaleRecorded) { r.Lines = nil }, "", "")
	},
	"payload_invalid: stock that overflows": func(shop *hqtest.Shop) {
		id := newID()
		moved := shop.Moved(id, one(tea))
		moved.Movements[0].Quantity = 1 << 60
		shop.Append(wire.TypeInventoryAdjusted, id, moved)
	},
	"sum_mismatch: line":     sumPoison(func(r *wire.SaleRecorded) { r.Lines[0].Amount-- }),
	"sum_mismatch: gross":    sumPoison(func(r *wire.SaleRecorded) { r.Lines[0].Gross++ }),
	"sum_mismatch: discount": sumPoison(func(r *wire.SaleRecorded) { r.Lines[0].Discount = -1; r.Lines[0].Amount++ }),
	"sum_mismatch: total":    sumPoison(func(r *wire.SaleRecorded) { r.Totals.Total++; r.Totals.Subtotal++; r.Totals.Paid++ }),
	"sum_mismatch: paid":     sumPoison(func(r *wire.SaleRecorded) { r.Totals.Paid-- }),
	"sum_mismatch: tax":      sumPoison(func(r *wire.SaleRecorded) { r.Totals.Tax++; r.Totals.Subtotal-- }),
	"sum_mismatch: tax line": sumPoison(func(r *wire.SaleRecorded) { r.TaxLines[0].Tax++; r.TaxLines[0].Base-- }),
	"sum_mismatch: no tax":   sumPoison(func(r *wire.SaleRecorded) { r.TaxLines = nil }),
	"sum_mismatch: change": func(shop *hqtest.Shop) {
		r := shop.Sale(one(tea))
		cash := shop.Cash(r)
		cash.Change--
		shop.Append(wire.TypePaymentCaptured, r.TransactionID, cash)
	},
	"receipt_reused (sql)": func(shop *hqtest.Shop) {
		broken(shop, func(r *wire.SaleRecorded) { r.ReceiptNo = "S1-T1-0000001" }, "", "")
	},
	"transaction_repeated (sql)": func(shop *hqtest.Shop) {
		r := shop.Sale(one(tea))
		shop.Append(wire.TypeSaleRecorded, r.TransactionID, r)
		r.ReceiptNo = "S1-T1-7777777"
		shop.Append(wire.TypeSaleRecorded, r.TransactionID, r)
	},
	"payload_invalid: NUL in a reason (sql)": func(shop *hqtest.Shop) {
		v := shop.Voided(one(tea), one(coffee))
		v.Reason = "\x00"
		shop.Append(wire.TypeBasketVoided, v.TransactionID, v)
	},
	"sum_mismatch: void": func(shop *hqtest.Shop) {
		v := shop.Voided(one(tea), one(coffee))
		v.Total++
		shop.Append(wire.TypeBasketVoided, v.TransactionID, v)
	},
	"sum_mismatch: override": sumPoison(func(r *wire.SaleRecorded) {
		r.Overrides = []wire.Override{{LineNo: 1, Kind: wire.OverridePrice, Before: 1, After: 2, Reason: "x", CashierID: "C1", At: r.CreatedAt}}
	}),
	"transaction_repeated: a void (sql)": func(shop *hqtest.Shop) {
		v := shop.Voided(one(tea), one(coffee))
		shop.Append(wire.TypeBasketVoided, v.TransactionID, v)
		shop.Append(wire.TypeBasketVoided, v.TransactionID, v)
	},
	"payment_repeated (sql)": func(shop *hqtest.Shop) {
		r := shop.Sale(one(tea))
		cash := shop.Cash(r)
		shop.Append(wire.TypePaymentCaptured, r.TransactionID, cash)
		shop.Append(wire.TypePaymentCaptured, r.TransactionID, cash)
	},
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// broken appends a sale that was changed, in its struct or in its text.
func broken(shop *hqtest.Shop, change func(*wire.SaleRecorded), old, replacement string) {
	r := shop.Sale(one(tea))
	change(&r)
	text, err := wire.EncodePayload(r)
	if err != nil {
		panic(err)
	}
	if old != "" && !strings.Contains(text, old) {
		panic("nothing to break: " + text)
	}
	shop.AppendRaw(wire.TypeSaleRecorded, 1, r.TransactionID, strings.Replace(text, old, replacement, 1))
}

func sumPoison(change func(*wire.SaleRecorded)) func(*hqtest.Shop) {
	return func(shop *hqtest.Shop) { broken(shop, change, "", "") }
}

func TestAPoisonousEventIsSetAsideAndTheRestFlows(t *testing.T) {
	for name, poison := range poisons {
		t.Run(name, func(t *testing.T) {
			db, in, shop := setup(t)
			shop.Load(tea)
			shop.Sell(one(tea))
			poison(shop)
			bad := shop.Events[len(shop.Events)-1]
			follower := shop.Append(wire.TypeInventoryAdjusted, bad.AggregateID, shop.Moved(bad.AggregateID, one(tea))).ID
			shop.Sell(one(tea))

			ack := accept(t, in, shop.All())
			require.Equal(t, shop.Head(), ack.ReceivedUpto)
			require.Equal(t, shop.HashAt(shop.Head()), ack.ChainHash)
			require.Len(t, ack.Errors, 2)
			code, _, _ := strings.Cut(strings.TrimSuffix(name, " (sql)"), ":")
			require.Equal(t, bad.ID, ack.Errors[0].ID)
			require.Equal(t, bad.EventID, ack.Errors[0].EventID)
			require.Equal(t, code, ack.Errors[0].Code, ack.Errors[0].Message)
			require.NotContains(t, ack.Errors[0].Message, "hq_", "people are not told about tables")
			require.Equal(t, follower, ack.Errors[1].ID)
			require.Equal(t, wire.CodeWaiting, ack.Errors[1].Code)

			require.EqualValues(t, 2, whole(t, db, shop.Head()).SetAside)
			require.EqualValues(t, 2, count(t, db, "select count(*) from hq_quarantine"))
			require.EqualValues(t, 2, count(t, db, "select count(*) from hq_transactions where receipt_no in ('S1-T1-0000001', $1)", shop.LastReceipt()))

			// Sent again, it still is an error and nothing happens.
			before := dump(t, db)
			again := accept(t, in, shop.All())
			require.Equal(t, ack.Errors, again.Errors)
			require.Equal(t, len(shop.Events)-2, again.Duplicates)
			require.Equal(t, before, dump(t, db))

			// Later batches of its aggregate wait, too; others do not.
			late := shop.Append(wire.TypeInventoryAdjusted, bad.AggregateID, shop.Moved(bad.AggregateID, one(tea)))
			shop.Sell(one(tea))
			ack = accept(t, in, shop.Batch(late.ID, shop.Head()))
			require.Equal(t, 3, ack.Accepted)
			require.Equal(t, wire.CodeWaiting, ack.Errors[0].Code)
			whole(t, db, shop.Head())
		})
	}
}

// However the bad events lie in a batch, the same ones are set aside as when
// each event comes alone.
func TestABatchOfPoisonEqualsOneByOne(t *testing.T) {
	db, in, shop := setup(t)
	db2, in2, _ := setup2(t)
	shop.Load(tea)
	for _, poison := range poisons {
		shop.Sell(one(tea))
		poison(shop)
		bad := shop.Events[len(shop.Events)-1]
		shop.Append(wire.TypeInventoryAdjusted, bad.AggregateID, shop.Moved(bad.AggregateID, one(tea)))
	}
	accept(t, in, shop.All())
	for id := range shop.Head() {
		accept(t, in2, shop.Batch(id+1, id+1))
	}
	require.Equal(t, dump(t, db2), dump(t, db))
	require.EqualValues(t, len(poisons), count(t, db, "select count(*) from hq_quarantine where state = $1", projection.Quarantined))
}

func TestDriftIsShownAndNeverAssigned(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea)
	id := newID()
	moved := shop.Moved(id, hqtest.Line{Item: tea, Quantity: 250})
	moved.Movements[0].BalanceAfter = 4 * sale.One
	shop.Append(wire.TypeInventoryAdjusted, id, moved)
	require.Equal(t, 2, accept(t, in, shop.All()).Accepted)
	require.EqualValues(t, 1, count(t, db,
		"select count(*) from hq_inventory where on_hand_milli = 9750 and edge_balance_milli = 4000 and drift"))
	require.Equal(t, 1, whole(t, db, 2).Drifting)
}

// Read condemns the third event of a sale at once, PostgreSQL the first one
// later: still the first is the quarantined one, and all behind it wait.
func TestTheFirstBadEventOfAnAggregateIsTheOneToRepair(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea)
	shop.Sell(one(tea))
	sold := shop.Sale(one(tea))
	sold.ReceiptNo = "S1-T1-0000001" // which the first sale has
	id := sold.TransactionID
	first := shop.Append(wire.TypeSaleRecorded, id, sold).ID
	shop.Append(wire.TypeInventoryAdjusted, id, shop.Moved(id, one(tea)))
	shop.AppendRaw("FromTheFuture", 1, id, "{}")

	ack := accept(t, in, shop.All())
	require.Len(t, ack.Errors, 3)
	require.Equal(t, []string{projection.CodeReceiptReused, wire.CodeWaiting, wire.CodeWaiting},
		[]string{ack.Errors[0].Code, ack.Errors[1].Code, ack.Errors[2].Code})
	require.Equal(t, first, ack.Errors[0].ID)
	require.EqualValues(t, 1, count(t, db, "select count(*) from hq_quarantine where state = 'QUARANTINED'"))
	require.EqualValues(t, 9_000, count(t, db, "select on_hand_milli from hq_inventory"))
}
