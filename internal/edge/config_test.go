package edge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/fault"
)

func TestSettingsThatCannotBeAreNamed(t *testing.T) {
	t.Parallel()
	const forever = 1 << 62
	for name, cases := range map[string][]func(*edge.Config){
		"EDGE_ADDR": {
			func(c *edge.Config) { c.Addr = "" },
			func(c *edge.Config) { c.Addr = "8080" },
			func(c *edge.Config) { c.Addr = "localhost" },
			func(c *edge.Config) { c.Addr = "127.0.0.1:" },
			func(c *edge.Config) { c.Addr = "http://127.0.0.1:8080" },
			func(c *edge.Config) { c.Addr = "a b:80" },
		},
		"EDGE_DATABASE_URL": {
			func(c *edge.Config) { c.DatabaseURL = "mysql://localhost/x" },
			func(c *edge.Config) { c.DatabaseURL = "localhost:5432" },
		},
		"EDGE_DATA_DIR": {func(c *edge.Config) { c.DataDir = "" }},
		"EDGE_STORE_ID": {
			func(c *edge.Config) { c.StoreID = "S-1" },
			func(c *edge.Config) { c.StoreID = "S1 " },
			func(c *edge.Config) { c.StoreID = "S1\n" },
			func(c *edge.Config) { c.StoreID = "Tiệm" },
			func(c *edge.Config) { c.StoreID = "12345678901234567" },
		},
		"EDGE_TIMEZONE": {
			func(c *edge.Config) { c.Timezone = "" },
			func(c *edge.Config) { c.Timezone = "Asia/Saigonn" },
			func(c *edge.Config) { c.Timezone = "../etc/passwd" },
			func(c *edge.Config) { c.Timezone = "Local" },
		},
		"EDGE_CURRENCY": {
			func(c *edge.Config) { c.Currency = "" },
			func(c *edge.Config) { c.Currency = "vnd" },
			func(c *edge.Config) { c.Currency = "VNDX" },
		},
		"EDGE_DAY_START": {
			func(c *edge.Config) { c.DayStart = "" },
			func(c *edge.Config) { c.DayStart = "6:00" },
			func(c *edge.Config) { c.DayStart = "24:00" },
			func(c *edge.Config) { c.DayStart = "05:60" },
			func(c *edge.Config) { c.DayStart = "05:00:00" },
		},
		"HQ_URL": {
			func(c *edge.Config) { c.HQURL = "127.0.0.1:8090" },
			func(c *edge.Config) { c.HQURL = "ftp://hq" },
			func(c *edge.Config) { c.HQURL = "http://" },
			func(c *edge.Config) { c.HQURL = "://" },
			func(c *edge.Config) { c.HQURL = "https://S1:geheim@hq.example" },
			func(c *edge.Config) { c.HQURL = "https://geheim@hq.example" },
		},
		"SYNC_PROTOCOL": {
			func(c *edge.Config) { c.SyncProtocol = "" },
			func(c *edge.Config) { c.SyncProtocol = "carrier pigeon" },
		},
		"SYNC_TIMEOUT": {
			func(c *edge.Config) { c.SyncTimeout = 0 },
			func(c *edge.Config) { c.SyncTimeout = -1 },
			func(c *edge.Config) { c.SyncTimeout = 10*time.Millisecond - 1 },
			func(c *edge.Config) { c.SyncTimeout = time.Minute + 1 },
			func(c *edge.Config) { c.SyncTimeout = 999999 * time.Hour },
		},
		"SYNC_RETRY_MIN": {
			func(c *edge.Config) { c.SyncRetryMin = 0 },
			func(c *edge.Config) { c.SyncRetryMin = time.Minute },
			func(c *edge.Config) { c.SyncRetryMin = forever },
		},
		"SYNC_RETRY_MAX":        {func(c *edge.Config) { c.SyncRetryMax = 0 }, func(c *edge.Config) { c.SyncRetryMax = time.Hour + 1 }, func(c *edge.Config) { c.SyncRetryMax = 1<<63 - 1 }},
		"SYNC_BATCH":            {func(c *edge.Config) { c.SyncBatch = 0 }, func(c *edge.Config) { c.SyncBatch = 501 }},
		"SYNC_BATCH_BACKLOG":    {func(c *edge.Config) { c.SyncBatchBacklog = 0 }, func(c *edge.Config) { c.SyncBatchBacklog = 501 }},
		"HEALTH_INTERVAL":       {func(c *edge.Config) { c.HealthInterval = 0 }, func(c *edge.Config) { c.HealthInterval = 2 * time.Hour }},
		"HEALTH_FAILURES":       {func(c *edge.Config) { c.HealthFailures = 0 }, func(c *edge.Config) { c.HealthFailures = 101 }},
		"EDGE_SESSION_LIFETIME": {func(c *edge.Config) { c.SessionLifetime = -time.Second }},
		"FAKE_CAPTURE_AFTER":    {func(c *edge.Config) { c.FakeCaptureAfter = -time.Second }},
		"LOG_LEVEL":             {func(c *edge.Config) { c.Log.Level = "chatty" }},
		"LOG_FORMAT":            {func(c *edge.Config) { c.Log.Format = "xml" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, change := range cases {
				c := settings()
				change(&c)
				requireConfigFault(t, c.Check(), name)
			}
		})
	}
}

func TestSettingsThatAreFine(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*edge.Config){
		"the defaults":            func(*edge.Config) {},
		"no store, to read":       func(c *edge.Config) { c.StoreID = "" },
		"every address":           func(c *edge.Config) { c.Addr = ":8080" },
		"IPv6":                    func(c *edge.Config) { c.Addr = "[::1]:8080" },
		"the longest store id":    func(c *edge.Config) { c.StoreID = "ABCDEFGHabcdefg8" },
		"a database":              func(c *edge.Config) { c.DatabaseURL, c.DataDir = "postgres://u:p@db/edge", "" },
		"a database, long scheme": func(c *edge.Config) { c.DatabaseURL = "postgresql://db/edge" },
		"UTC":                     func(c *edge.Config) { c.Timezone = "UTC" },
		"a night shop":            func(c *edge.Config) { c.DayStart = "23:59" },
		"HQ over TLS":             func(c *edge.Config) { c.HQURL = "https://hq.example" },
		"the smallest batches":    func(c *edge.Config) { c.SyncBatch, c.SyncBatchBacklog = 1, 1 },
		"equal pauses":            func(c *edge.Config) { c.SyncRetryMin = c.SyncRetryMax },
		"the longest times": func(c *edge.Config) {
			c.SyncTimeout, c.SyncRetryMin, c.SyncRetryMax = time.Minute, time.Hour, time.Hour
		},
		"the shortest times": func(c *edge.Config) { c.SyncTimeout, c.SyncRetryMin, c.SyncRetryMax = 10*time.Millisecond, 1, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := settings()
			change(&c)
			require.NoError(t, c.Check())
		})
	}
}

// A credential in the address would stand in logs.
func TestHQsAddressHoldsNoCredential(t *testing.T) {
	t.Parallel()
	c := settings()
	c.HQURL = "https://S1:geheim@hq.example"
	err := c.Check()
	require.Equal(t, "hq_url_userinfo", fault.CodeOf(err))
	require.Contains(t, fault.As(err).Hint, "STORE_TOKEN")
	require.NotContains(t, err.Error(), "geheim")
}

// A misspelt setting is not a silent default.
func TestVariablesThatNobodyReads(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"EDGE_FOO", "EDGE_STORE", "SYNC_BATCHES", "HEALTH_INTERVALL", "EDGE_"} {
		requireConfigFault(t, edge.CheckEnvironment([]string{"PATH=/bin", name + "=x"}), name)
	}
	require.NoError(t, edge.CheckEnvironment([]string{
		"EDGE_ADDR=", "EDGE_DATABASE_URL=", "EDGE_DATA_DIR=", "EDGE_STORE_ID=", "EDGE_TIMEZONE=", "EDGE_CURRENCY=", "EDGE_DAY_START=", "EDGE_DEMO=",
		"EDGE_URL=", "SYNC_PROTOCOL=", "SYNC_FALLBACK=", "SYNC_TIMEOUT=", "SYNC_RETRY_MIN=", "SYNC_RETRY_MAX=", "SYNC_BATCH=", "SYNC_BATCH_BACKLOG=",
		"SYNC_CA=", "HEALTH_INTERVAL=", "HEALTH_FAILURES=", "HQ_URL=", "HQ_GRPC_TARGET=", "STORE_TOKEN=", "FAKE_CAPTURE_AFTER=", "HOME=/", "EDGED=1",
	}), "every setting of the contract's page")
}
