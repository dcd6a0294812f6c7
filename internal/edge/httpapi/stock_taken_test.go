package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the database took off the shelf is compared with the rule.
func TestStockThatWasTakenWrongIsNoSale(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	b = t1.scan(b, beer)
	require.Equal(t, 200, t1.call("DELETE", path(b, "/items/2"), nil).status)
	t1.cash(b, 6_000, 6_000)
	head, left := s.head(), s.onHand("NUOC-0001")
	def := value[string](s, "select pg_get_functiondef('take_stock'::regproc)")
	s.exec(strings.Replace(def, "AND l.removed_at IS NULL", "", 1)) // forgets that the beer was taken off
	refused(t, t1.post(path(b, "/finalize"), nil), 500, "stock_taken_wrong")
	require.Equal(t, head, s.head())
	require.Equal(t, left, s.onHand("NUOC-0001"))
	require.Equal(t, int64(0), value[int64](s, "select last_seq from receipt_counters where terminal_id = 'T1'"))
	s.exec(def)
	require.Equal(t, receipt("T1", 1), t1.finalize(b).ReceiptNo)
}
