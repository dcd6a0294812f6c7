package hq

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"tiem/internal/doctor"
	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

// Doctor examines HQ: its settings, its PostgreSQL, and the stores' logs. It
// changes nothing, and starts a PostgreSQL only where there is data and none
// runs.
func Doctor(ctx context.Context, cfg Config, log *slog.Logger) *doctor.Report {
	r := &doctor.Report{}
	configuration(r, cfg)
	certificate(r, cfg, time.Now())
	d := r.Examine(ctx, cfg.source(log))
	if d == nil {
		r.NotChecked("the database does not answer", "logs", "quarantine")
		return r
	}
	defer func() { _ = d.Close() }() // it was only looked at
	if r.Failed("schema") {          // what it lacks was said once, in words
		r.NotChecked("the schema is another", "logs", "quarantine")
		return r
	}
	logs(ctx, r, d.DB)
	setAside(ctx, r, d.DB)
	return r
}

func configuration(r *doctor.Report, cfg Config) {
	token, database := "not set: scripts are refused", "managed, in "+cfg.DataDir
	if cfg.Token != "" {
		token = "set"
	}
	if cfg.DatabaseURL != "" {
		database = doctor.Redact(cfg.DatabaseURL)
	}
	status, advice := doctor.OK, ""
	if err := cfg.requirePrivacy(); err != nil {
		f := fault.As(err)
		status, advice = doctor.Fail, f.Field+" "+f.Message+"; "+f.Hint
	}
	streams := "no gRPC"
	if cfg.GRPCAddr != "" {
		streams = "gRPC at " + cfg.GRPCAddr
	}
	secure := "plaintext"
	if cfg.TLSCert != "" {
		secure = "TLS"
	}
	r.Is(status, "configuration", advice, "stores at %s, %s, %s; database %s; HQ_TOKEN %s", cfg.Addr, streams, secure, database, token)
}

// logs makes sure that what HQ tells a store it has is what it has. It looks
// at the last event of each log; hq-platform verify recomputes a whole one.
func logs(ctx context.Context, r *doctor.Report, db *postgres.DB) {
	const name, shown = "logs", 10
	q := hqdb.New()
	stores, err := q.CountStores(ctx, db)
	if err != nil {
		r.Error(name, postgres.Fault(err))
		return
	}
	astray, err := q.StreamsAstray(ctx, db, shown)
	switch {
	case err != nil:
		r.Error(name, postgres.Fault(err))
	case len(astray) == 0:
		r.OK(name, "%d stores; the head of each is the last event of its log", stores)
	default:
		found := make([]string, len(astray))
		for i, s := range astray {
			found[i] = fmt.Sprintf("%s says %d, its log ends at %d", s.StoreID, s.ReceivedUpto, s.LastID)
		}
		r.Fail(name, "hq-platform verify --store "+astray[0].StoreID+" says more; the database was changed by hand or by a bad disk: restore it, and the stores send again what is missing",
			"the head of a store is not the last event of its log, in number or in hash: %s", strings.Join(found, "; "))
	}
}

func setAside(ctx context.Context, r *doctor.Report, db *postgres.DB) {
	const name = "quarantine"
	n, err := hqdb.New().CountQuarantined(ctx, db)
	switch {
	case err != nil:
		r.Error(name, postgres.Fault(err))
	case n > 0:
		r.Warn(name, "hq-platform quarantine list says which and why; as a rule HQ needs a newer program", "%d events could not be applied and wait", n)
	default:
		r.OK(name, "empty: every event that HQ has was applied")
	}
}
