package faults

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/postgres"
	"tiem/internal/sale"
	"tiem/internal/sim"
	"tiem/internal/wire"
)

// skewed is an edge whose clock is off; it returns its address. A process's clock
// cannot be set for it alone, so this edge is in the test's own process, on the
// shop's own database; what it sells is sent by the real one's relay.
func (s *shop) skewed(off time.Duration) (url string) {
	s.t.Helper()
	now := func() time.Time { return time.Now().Add(off) }
	db, err := postgres.Open(s.t.Context(), s.databaseURL(sim.EdgeServer), postgres.PoolConfig{MaxConns: 4})
	require.NoError(s.t, err)
	s.t.Cleanup(db.Close)
	app, err := edge.New(db, edge.Config{StoreID: s.Store().StoreID, Currency: "VND", Timezone: "Asia/Ho_Chi_Minh", DayStart: "00:00", Demo: true}, nil)
	require.NoError(s.t, err)
	app.Desk.Now, app.Sessions.Now, app.People.Now = now, now, now
	server := httptest.NewServer(app.Handler())
	s.t.Cleanup(server.Close)
	return server.URL
}

// Row 45: the shop's clock jumps by an hour and by a year, forwards and back,
// between the calls of a sale and between sales. Whoever's session is over by the
// new clock signs in again; a basket of another year is ended like any other; the
// order is that of the ids, at the shop and at HQ, and receipts have no gap.
func TestFault45TheClockJumpsDuringASale(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := t.Context()
	tills := []*sim.Till{s.till}
	session, store := s.signedIn(0), s.Store()
	for _, off := range []time.Duration{time.Hour, -time.Hour, year, -year} {
		store.EdgeURL = s.skewed(off)
		till := store.Till(0)
		t.Cleanup(till.Close)
		tills = append(tills, till)
		code := s.ask(request{base: store.EdgeURL, method: http.MethodGet, path: "/v1/sessions/current", session: session}).code
		require.Equal(t, map[bool]string{true: "session_expired"}[off != time.Hour], code, "a session of 12 hours; and one that was opened in what is the future now is worth nothing")
	}
	for i := range tills { // each call of a sale by another clock
		at := func(n int) *sim.Till { return tills[(i+n)%len(tills)] }
		id := uuid.Must(uuid.NewV7())
		_, err := at(0).Open(ctx, id, sim.NewKey())
		require.NoError(t, err)
		b, err := at(1).Scan(ctx, id, sim.Pick{ItemID: s.item.ItemID, Quantity: sale.One}, sim.NewKey())
		require.NoError(t, err)
		_, err = at(2).Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total}, sim.NewKey())
		require.NoError(t, err)
		_, err = at(3).Finalize(ctx, id, sim.NewKey())
		require.NoError(t, err)
	}
	f := s.proven()
	require.Equal(t, len(tills), f.Sales)
	require.EqualValues(t, len(tills), f.Receipts["T1"])

	client := s.edge()
	defer client.Close()
	entries, err := client.Outbox(ctx, 0)
	require.NoError(t, err)
	years := map[int]int{}
	back := 0
	zone := time.FixedZone("Asia/Ho_Chi_Minh", 7*3600)
	for i, e := range entries {
		require.EqualValues(t, i+1, e.ID)
		require.Equal(t, e.OccurredAt.In(zone).Format(wire.DateLayout), e.BusinessDate, "its business date is that of its own time")
		if i > 0 && e.OccurredAt.Before(entries[i-1].OccurredAt) {
			back++
		}
		if e.Type == wire.TypeSaleRecorded {
			years[e.OccurredAt.In(zone).Year()]++
		}
	}
	require.Positive(t, back, "the times do not follow the ids, and nothing minds")
	require.Len(t, years, 3, "this year, the last and the next")
	s.did("%d sales by five clocks; time went back %d times in %d events", f.Sales, back, len(entries))
}
