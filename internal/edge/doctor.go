package edge

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"tiem/internal/doctor"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Doctor examines the edge: its settings, its PostgreSQL, the line to HQ and the
// log of events. It changes nothing, and starts a PostgreSQL only where there is
// data and none runs. newest is how many events are verified; 0: all of them.
func Doctor(ctx context.Context, cfg Config, log *slog.Logger, newest int64) *doctor.Report {
	e := &examination{Report: &doctor.Report{}, cfg: cfg, log: &outbox.Log{}, now: time.Now}
	e.configuration()
	d := e.Examine(ctx, cfg.source(log))
	if d != nil {
		defer func() { _ = d.Close() }() // it was only looked at
		e.db = d.DB
		e.findPosition(ctx)
	}
	e.line(ctx)
	e.stream(ctx)
	e.clock(ctx)
	if e.db == nil {
		e.NotChecked("the database does not answer", "store", "chain", "retention", "pending")
		return e.Report
	}
	if e.Failed("schema") { // what it lacks was said once, in words
		e.NotChecked("the schema is another", "store", "chain", "retention", "pending")
		return e.Report
	}
	e.store(ctx)
	e.chain(ctx, newest)
	e.retention(ctx)
	e.pending(ctx)
	return e.Report
}

// examination is one run of doctor.
type examination struct {
	*doctor.Report

	cfg Config
	log *outbox.Log
	now func() time.Time
	db  *postgres.DB // nil: it does not answer

	at     outbox.Position
	first  int64  // the oldest event that is kept
	before []byte // the hash of the event before first
	known  bool   // at, first and before could be read
}

func (e *examination) configuration() {
	const name = "configuration"
	c := e.cfg
	token := "not set"
	if c.StoreToken != "" {
		token = "set"
	}
	database := "managed, in " + c.DataDir
	if c.DatabaseURL != "" {
		database = doctor.Redact(c.DatabaseURL)
	}
	hq, err := url.Parse(c.HQURL)
	plain := c.HQURL != "" && err == nil && hq.Scheme == "http" && !wire.Loopback(hq.Hostname())
	advice, status := "", doctor.OK
	switch {
	case c.StoreID == "":
		advice, status = "set EDGE_STORE_ID, or serve refuses to start", doctor.Warn
	case plain:
		advice, status = "use https for HQ_URL: in plain HTTP the store's token and its sales can be read on the way", doctor.Warn
	}
	e.Is(status, name, advice, "store %q; tills at %s; database %s; HQ %s, token %s; %s from %s, %s; demo %t", c.StoreID, c.Addr, database,
		doctor.Redact(c.HQURL), token, c.Timezone, c.DayStart, c.Currency, c.Demo)
}

// findPosition reads where the log stands, for the checks that need it. That it
// cannot be read, because the schema is another, is the schema check's to say.
func (e *examination) findPosition(ctx context.Context) {
	at, err := e.log.Where(ctx, e.db)
	if err != nil {
		return
	}
	start, err := edgedb.New().GetStart(ctx, e.db)
	if err != nil {
		return
	}
	e.at, e.first, e.before, e.known = at, start.FirstID, start.PrevHash, true
}

// store makes sure that the settings and the database mean the same shop.
func (e *examination) store(ctx context.Context) {
	const name = "store"
	owner, err := edgedb.New().GetStore(ctx, e.db)
	switch {
	case err != nil:
		e.Error(name, postgres.Fault(err))
	case e.cfg.StoreID != "" && e.cfg.StoreID != owner.StoreID:
		e.Fail(name, "correct EDGE_STORE_ID, or point EDGE_DATA_DIR at the store's own directory", "EDGE_STORE_ID is %s, and the database is store %s's",
			e.cfg.StoreID, owner.StoreID)
	case e.cfg.Currency != owner.Currency:
		e.Fail(name, "correct EDGE_CURRENCY", "EDGE_CURRENCY is %s, and the store's books are in %s", e.cfg.Currency, owner.Currency)
	default:
		e.OK(name, "the database is store %s's, in %s", owner.StoreID, owner.Currency)
	}
}
