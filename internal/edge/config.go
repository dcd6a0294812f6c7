package edge

import (
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/sale"
	"tiem/internal/trace"
	"tiem/internal/wire"
)

// Config is the store edge's settings. Each has an environment variable and a
// flag of the same name (EDGE_ADDR is --edge-addr).
type Config struct {
	Addr        string `name:"edge-addr"         env:"EDGE_ADDR"         default:"127.0.0.1:8080"   help:"Address to listen on, host:port."`
	DatabaseURL string `name:"edge-database-url" env:"EDGE_DATABASE_URL"                            help:"PostgreSQL to use (postgres://…); empty: one that this program runs in its data directory."`
	DataDir     string `name:"edge-data-dir"     env:"EDGE_DATA_DIR"     default:"./data/edge"      help:"Directory of the managed PostgreSQL."`
	StoreID     string `name:"edge-store-id"     env:"EDGE_STORE_ID"                                help:"The store's id: 1 to 16 letters and digits. A database belongs to one store for ever."`
	Timezone    string `name:"edge-timezone"     env:"EDGE_TIMEZONE"     default:"Asia/Ho_Chi_Minh" help:"The shop's time zone: it decides business dates."`
	Currency    string `name:"edge-currency"     env:"EDGE_CURRENCY"     default:"VND"              help:"ISO 4217 code of the shop's one currency."`
	DayStart    string `name:"edge-day-start"    env:"EDGE_DAY_START"    default:"00:00"            help:"When a business day begins, HH:MM in shop time."`
	Demo        bool   `name:"edge-demo"         env:"EDGE_DEMO"         default:"false"            help:"Offer the payment provider fake, which charges nobody."`

	SessionLifetime time.Duration `name:"edge-session-lifetime" env:"EDGE_SESSION_LIFETIME" default:"12h" help:"After this time a cashier signs in again; baskets are kept. 0: 12h."`

	FakeCaptureAfter time.Duration `name:"fake-capture-after" env:"FAKE_CAPTURE_AFTER" default:"0s" help:"Demo: a fake QR counts as paid after this time; 0: never by itself."`

	HQURL        string `name:"hq-url"         env:"HQ_URL"         help:"HQ's address, such as http://127.0.0.1:8090; empty: the shop sells OFFLINE."`
	HQGRPCTarget string `name:"hq-grpc-target" env:"HQ_GRPC_TARGET" help:"HQ's address for gRPC, host:port; empty: events travel over HTTP."`
	StoreToken   string `name:"store-token"    env:"STORE_TOKEN"    help:"The store's token at HQ; empty: the shop sells OFFLINE."`

	SyncProtocol     string        `name:"sync-protocol"      env:"SYNC_PROTOCOL"      default:"grpc"  help:"How events travel to HQ: grpc (if HQ_GRPC_TARGET is set) or http."`
	SyncFallback     bool          `name:"sync-fallback"      env:"SYNC_FALLBACK"      default:"true"  negatable:"" help:"Use HTTP while gRPC does not get through, and try the way back."`
	SyncCA           string        `name:"sync-ca"            env:"SYNC_CA"            help:"PEM file of the authorities that may vouch for HQ; empty: the system's. gRPC to another machine is always TLS."`
	SyncTimeout      time.Duration `name:"sync-timeout"       env:"SYNC_TIMEOUT"       default:"5s"    help:"For one exchange with HQ, 10ms to 1m."`
	SyncRetryMin     time.Duration `name:"sync-retry-min"     env:"SYNC_RETRY_MIN"     default:"200ms" help:"Upper bound of the first pause after a failure, at most 1h; it doubles."`
	SyncRetryMax     time.Duration `name:"sync-retry-max"     env:"SYNC_RETRY_MAX"     default:"30s"   help:"No pause is longer; at most 1h."`
	SyncBatch        int           `name:"sync-batch"         env:"SYNC_BATCH"         default:"50"    help:"Events of a batch, 1 to 500."`
	SyncBatchBacklog int           `name:"sync-batch-backlog" env:"SYNC_BATCH_BACKLOG" default:"500"   help:"Events of a batch while a backlog drains, 1 to 500."`

	HealthInterval time.Duration `name:"health-interval" env:"HEALTH_INTERVAL" default:"1s" help:"Between two probes of the line to HQ."`
	HealthFailures int           `name:"health-failures" env:"HEALTH_FAILURES" default:"3"  help:"Failures in a row that make the line OFFLINE, 1 to 100."`

	Log   program.Log  `embed:""`
	Trace trace.Config `embed:""`
}

// knownVariables may be in the environment: the edge's own, and those of the
// contract that later versions read.
var knownVariables = []string{
	"EDGE_ADDR", "EDGE_DATABASE_URL", "EDGE_DATA_DIR", "EDGE_STORE_ID", "EDGE_TIMEZONE", "EDGE_CURRENCY", "EDGE_DAY_START", "EDGE_DEMO",
	"EDGE_SESSION_LIFETIME",
	"EDGE_URL", // in data/demo.env, for scripts
	"SYNC_PROTOCOL", "SYNC_TIMEOUT", "SYNC_RETRY_MIN", "SYNC_RETRY_MAX", "SYNC_BATCH", "SYNC_BATCH_BACKLOG",
	"SYNC_FALLBACK", "SYNC_CA", "HEALTH_INTERVAL", "HEALTH_FAILURES",
}

// CheckEnvironment refuses variables EDGE_…, SYNC_… and HEALTH_… that nobody
// reads. environ is os.Environ's.
func CheckEnvironment(environ []string) error {
	return program.RefuseUnknown(environ, []string{"EDGE_", "SYNC_", "HEALTH_"}, knownVariables)
}

var (
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
	dayStartPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// Check finds a setting that cannot be; the fault (kind Config) names it. It
// does not ask for EDGE_STORE_ID: commands that only read do without.
func (c *Config) Check() error {
	if host, port, err := net.SplitHostPort(c.Addr); err != nil || port == "" || strings.ContainsAny(host, " /") {
		return bad("EDGE_ADDR", "is not host:port, such as 127.0.0.1:8080")
	}
	if u := c.DatabaseURL; u != "" && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		return bad("EDGE_DATABASE_URL", "is not postgres://user:password@host:5432/database")
	}
	if c.DatabaseURL == "" && c.DataDir == "" {
		return bad("EDGE_DATA_DIR", "is empty")
	}
	if c.StoreID != "" && !wire.ValidName(c.StoreID) {
		return bad("EDGE_STORE_ID", "is not 1 to 16 letters and digits")
	}
	// Local would make business dates depend on the machine.
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "" || c.Timezone == "Local" {
		return bad("EDGE_TIMEZONE", "is not a time zone, such as Asia/Ho_Chi_Minh")
	}
	if !currencyPattern.MatchString(c.Currency) {
		return bad("EDGE_CURRENCY", "is not an ISO 4217 code, such as VND")
	}
	if !dayStartPattern.MatchString(c.DayStart) {
		return bad("EDGE_DAY_START", "is not HH:MM, such as 00:00")
	}
	if c.SessionLifetime < 0 {
		return bad("EDGE_SESSION_LIFETIME", "is less than 0")
	}
	if err := c.checkSync(); err != nil {
		return err
	}
	if err := c.Trace.Check(); err != nil {
		return err
	}
	return c.Log.Check()
}

func (c *Config) checkSync() error {
	if c.HQURL != "" {
		if u, err := url.Parse(c.HQURL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return bad("HQ_URL", "is not an http(s) URL, such as http://127.0.0.1:8090")
		} else if u.User != nil { // it would stand in logs
			return fault.New(fault.Config, "hq_url_userinfo", "has a user or a password in it").At("HQ_URL").
				Advise("take it out: STORE_TOKEN is the store's credential")
		}
	}
	if c.SyncProtocol != wire.HTTP && c.SyncProtocol != wire.GRPC {
		return bad("SYNC_PROTOCOL", "is not grpc or http")
	}
	if err := c.checkTimes(); err != nil {
		return err
	}
	for name, n := range map[string]int{"SYNC_BATCH": c.SyncBatch, "SYNC_BATCH_BACKLOG": c.SyncBatchBacklog} {
		if n < 1 || n > wire.MaxBatchEvents {
			return bad(name, "is not 1 to 500")
		}
	}
	if c.HealthFailures < 1 || c.HealthFailures > 100 {
		return bad("HEALTH_FAILURES", "is not 1 to 100")
	}
	if c.FakeCaptureAfter < 0 {
		return bad("FAKE_CAPTURE_AFTER", "is less than 0")
	}
	return nil
}

func (c *Config) checkTimes() error {
	if c.SyncTimeout < 10*time.Millisecond || c.SyncTimeout > time.Minute {
		return bad("SYNC_TIMEOUT", "is not 10ms to 1m")
	}
	for name, d := range map[string]time.Duration{"SYNC_RETRY_MIN": c.SyncRetryMin, "SYNC_RETRY_MAX": c.SyncRetryMax} {
		if d <= 0 || d > time.Hour {
			return bad(name, "is not more than 0 and at most 1h")
		}
	}
	if c.SyncRetryMin > c.SyncRetryMax {
		return bad("SYNC_RETRY_MIN", "is more than SYNC_RETRY_MAX")
	}
	if c.HealthInterval < 10*time.Millisecond || c.HealthInterval > time.Hour {
		return bad("HEALTH_INTERVAL", "is not 10ms to 1h")
	}
	return nil
}

func bad(name, what string) error {
	return fault.New(fault.Config, "setting_invalid", "%s", what).At(name)
}

// calendar is the shop's business days. The settings have been checked.
func (c *Config) calendar() sale.Calendar {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		zone = time.UTC
	}
	start, err := time.Parse("15:04", c.DayStart)
	if err != nil {
		return sale.Calendar{Zone: zone}
	}
	midnight := start.Truncate(24 * time.Hour)
	return sale.Calendar{Zone: zone, DayStart: start.Sub(midnight)}
}
