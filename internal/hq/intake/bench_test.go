package intake_test

import (
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres/postgrestest"
)

// BenchmarkAccept is the intake without HTTP: a live sale's three events, and a
// backlog's batches. (The test server runs without fsync.)
func BenchmarkAccept(b *testing.B) {
	for _, sales := range []int{1, 16, 166} {
		b.Run(strconv.Itoa(3*sales)+"_events", func(b *testing.B) {
			db := postgrestest.New(b, hqdb.Migrations)
			_, err := fleet.New(db).Add(b.Context(), "S1", "Nguyễn Trãi")
			require.NoError(b, err)
			in := intake.New(db, prometheus.NewRegistry())
			shop := hqtest.NewShop("S1")
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				first := shop.Head() + 1
				for range sales {
					shop.Sell(one(tea), one(coffee))
				}
				batch := shop.Batch(first, shop.Head())
				b.StartTimer()
				ack, err := in.Accept(b.Context(), batch)
				if err != nil || ack.Accepted != len(batch.Events) {
					b.Fatal(ack, err)
				}
			}
			b.ReportMetric(float64(3*sales*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
