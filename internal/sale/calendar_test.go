package sale_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones of the table on any machine

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/sale"
)

func TestBusinessDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		zone     string
		dayStart time.Duration
		now      string
		want     string
	}{
		{"noon in Saigon", "Asia/Ho_Chi_Minh", 0, "2026-11-22T12:00:00+07:00", "2026-11-22"},
		{"the last microsecond of the day", "Asia/Ho_Chi_Minh", 0, "2026-11-22T23:59:59.999999+07:00", "2026-11-22"},
		{"midnight begins the next day", "Asia/Ho_Chi_Minh", 0, "2026-11-23T00:00:00+07:00", "2026-11-23"},
		{"UTC is still on the day before", "Asia/Ho_Chi_Minh", 0, "2026-11-22T17:00:00Z", "2026-11-23"},
		{"the offset of the instant does not matter", "Asia/Ho_Chi_Minh", 0, "2026-11-22T09:00:00-08:00", "2026-11-23"},
		{"a night shop: 05:59 counts on the evening's day", "Asia/Ho_Chi_Minh", 6 * time.Hour, "2026-11-23T05:59:59+07:00", "2026-11-22"},
		{"a night shop: 06:00 is the new day", "Asia/Ho_Chi_Minh", 6 * time.Hour, "2026-11-23T06:00:00+07:00", "2026-11-23"},
		{"a day that begins at 23:59", "Asia/Ho_Chi_Minh", 23*time.Hour + 59*time.Minute, "2026-11-23T23:58:59+07:00", "2026-11-22"},
		{"the year ends, and a VAT rate with it", "Asia/Ho_Chi_Minh", 0, "2026-12-31T17:00:00Z", "2027-01-01"},
		{"the night shop still sells at the old rate", "Asia/Ho_Chi_Minh", 2 * time.Hour, "2027-01-01T01:59:00+07:00", "2026-12-31"},
		{"a leap day", "Asia/Ho_Chi_Minh", 0, "2028-02-28T17:00:00Z", "2028-02-29"},
		{"half an hour: Kolkata before midnight", "Asia/Kolkata", 0, "2026-11-22T18:29:59Z", "2026-11-22"},
		{"half an hour: Kolkata at midnight", "Asia/Kolkata", 0, "2026-11-22T18:30:00Z", "2026-11-23"},
		{"Kathmandu, 5 h 45", "Asia/Kathmandu", 0, "2026-11-22T18:15:00Z", "2026-11-23"},
		// Lord Howe moves its clocks by half an hour: +10:30 in winter, +11 in summer.
		{"Lord Howe in winter, before midnight", "Australia/Lord_Howe", 0, "2026-07-01T13:29:59Z", "2026-07-01"},
		{"Lord Howe in winter, midnight", "Australia/Lord_Howe", 0, "2026-07-01T13:30:00Z", "2026-07-02"},
		{"Lord Howe in summer, before midnight", "Australia/Lord_Howe", 0, "2026-12-01T12:59:59Z", "2026-12-01"},
		{"Lord Howe in summer, midnight", "Australia/Lord_Howe", 0, "2026-12-01T13:00:00Z", "2026-12-02"},
		// New York, 2026-11-01: 02:00 becomes 01:00. DayStart counts hours that pass, so after a change of
		// clocks the day begins at 05:00 on that clock; the contract says now − EDGE_DAY_START.
		{"the night of the clock change, 04:59", "America/New_York", 6 * time.Hour, "2026-11-01T09:59:00Z", "2026-10-31"},
		{"the night of the clock change, 05:00", "America/New_York", 6 * time.Hour, "2026-11-01T10:00:00Z", "2026-11-01"},
		{"the clock change itself at midnight", "America/New_York", 0, "2026-11-01T04:00:00Z", "2026-11-01"},
		{"a zone without midnight that day", "America/Santiago", 0, "2026-09-06T04:00:00Z", "2026-09-06"},
		{"the minute before the midnight that is skipped", "America/Santiago", 0, "2026-09-06T03:59:00Z", "2026-09-05"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			now, err := time.Parse(time.RFC3339Nano, c.now)
			require.NoError(t, err)
			require.Equal(t, c.want, sale.Calendar{Zone: zone, DayStart: c.dayStart}.Date(now))
		})
	}
}

func TestBusinessDatesNeverGoBack(t *testing.T) {
	t.Parallel()
	zones := []string{"Asia/Ho_Chi_Minh", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "America/Santiago", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		day := sale.Calendar{Zone: zone, DayStart: time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "day start")) * time.Minute}
		at := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "at"), 0)
		later := at.Add(time.Duration(rapid.IntRange(0, 48*60).Draw(t, "minutes later")) * time.Minute)
		require.LessOrEqual(t, day.Date(at), day.Date(later))
		require.Equal(t, day.Date(at), day.Date(at.UTC()), "the instant counts, not how it is written")
	})
}
