package httpapi

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/door"
	"tiem/internal/edge/board"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/session"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/stockroom"
	"tiem/internal/edge/till"
	"tiem/internal/edge/uplink"
	"tiem/internal/postgres"
)

// Parts are the use cases behind the API.
type Parts struct {
	DB        *postgres.DB
	Desk      *checkout.Desk
	Catalog   *catalog.Catalog
	Stock     *stockroom.Room
	Terminals *till.Terminals
	People    *staff.People
	Sessions  *session.Sessions
	Outbox    *outbox.Log
	Status    board.Source
	Board     *board.Board
	Traffic   *uplink.Traffic // is told of calls that a customer waits for
	Demo      bool            // EDGE_DEMO: simulate exists
	Registry  *prometheus.Registry
	Now       func() time.Time
}

type api struct {
	Parts
	callers         session.Memory
	checkoutSeconds *prometheus.HistogramVec
	pulse           time.Duration // of a status stream
}

// Register adds the edge's operations to d.
func Register(d *door.Door, parts Parts) {
	a := &api{Parts: parts, callers: session.Memory{Sessions: parts.Sessions}, pulse: streamPulse, checkoutSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tiem_checkout_seconds", Help: "How long a till waited for a checkout call, by operation.",
		Buckets: []float64{.0005, .001, .002, .003, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
	}, []string{"call"})}
	parts.Registry.MustRegister(a.checkoutSeconds)
	d.API().OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		terminalScheme: {Type: "http", Scheme: "bearer", Description: "A terminal's token, as terminal add or pairing gave it"},
		sessionScheme:  {Type: "apiKey", In: "header", Name: sessionHeader, Description: "Who is signed in: the session_token of POST /v1/sessions"},
	}
	a.registerSessions(d)
	a.registerApprovals(d)
	a.registerTerminals(d)
	a.registerAudit(d)
	a.registerTransactions(d)
	a.registerBaskets(d)
	a.registerItems(d)
	a.registerOverrides(d)
	a.registerPayments(d)
	a.registerReceipt(d)
	a.registerCatalog(d)
	a.registerStatus(d)
	a.registerOutbox(d)
}
