package intake_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/audit"
	"tiem/internal/wire"
)

func TestAcceptStoresAndProjects(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea, coffee)
	sold := shop.Sell(one(tea), one(tea), one(coffee))

	ack, err := in.Accept(t.Context(), shop.All())
	require.NoError(t, err)
	require.Equal(t, wire.Ack{Accepted: 4, AcceptedIDs: ids(shop.Events), Errors: []wire.EventError{}, ReceivedUpto: 4, ChainHash: shop.HashAt(4)}, ack)

	var total, tax int64
	require.NoError(t, db.QueryRow(t.Context(),
		"select total, tax from hq_transactions where store_id = 'S1' and transaction_id = $1", sold).Scan(&total, &tax))
	require.Equal(t, []int64{45_000, 3_333}, []int64{total, tax})
	require.EqualValues(t, 3, count(t, db, "select count(*) from hq_line_items"))
	require.EqualValues(t, 45_000, count(t, db, "select sum(amount) from hq_payments"))
	require.EqualValues(t, 8_000, count(t, db, "select on_hand_milli from hq_inventory where sku = 'TEA' and not drift"))
	require.EqualValues(t, 4, count(t, db, "select received_upto from store_streams where last_seen is not null"))

	report, err := audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad)
	require.EqualValues(t, 45_000, report.Total)
}
