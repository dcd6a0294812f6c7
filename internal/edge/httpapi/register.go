package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/door"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/outbox"
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
	Outbox    *outbox.Log
	Uplink    func() uplink.Status // the line to HQ
	Demo      bool                 // EDGE_DEMO: simulate exists
	Registry  *prometheus.Registry
	Now       func() time.Time
}

type api struct {
	Parts
	tokens          till.Memory
	checkoutSeconds *prometheus.HistogramVec
}

const terminalScheme = "terminalToken"

// Register adds the edge's operations to d.
func Register(d *door.Door, parts Parts) {
	a := &api{Parts: parts, tokens: till.Memory{Terminals: parts.Terminals}, checkoutSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tiem_checkout_seconds", Help: "How long a till waited for a checkout call, by operation.",
		Buckets: []float64{.0005, .001, .002, .003, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
	}, []string{"call"})}
	parts.Registry.MustRegister(a.checkoutSeconds)
	d.API().OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		terminalScheme: {Type: "http", Scheme: "bearer", Description: "A terminal's token, as terminal add printed it"},
	}
	a.registerTransactions(d)
	a.registerItems(d)
	a.registerPayments(d)
	a.registerReceipt(d)
	a.registerCatalog(d)
	a.registerStatus(d)
	a.registerOutbox(d)
}

// patience is how long a till's call may take before it is told to try again: a
// database that hangs must not hang the tills. A COMMIT on its way is not cut.
const patience = 8 * time.Second

type terminalKey struct{}

// terminalOf is the terminal that the request's token belongs to.
func terminalOf(ctx context.Context) string { return callingTerminal(ctx).TerminalID }

func callingTerminal(ctx context.Context) till.Remembered {
	r, _ := ctx.Value(terminalKey{}).(till.Remembered)
	return r
}

// admission finds the terminal of a token.
type admission func(ctx context.Context, bearer string) (till.Remembered, error)

// forTills lets terminals in.
func (a *api) forTills(op huma.Operation) huma.Operation {
	return admit(op, func(ctx context.Context, bearer string) (till.Remembered, error) {
		id, err := a.Terminals.ByToken(ctx, bearer)
		return till.Remembered{TerminalID: id}, err
	})
}

func admit(op huma.Operation, find admission) huma.Operation {
	op.Security = []map[string][]string{{terminalScheme: {}}}
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		ctx, cancel := context.WithTimeout(hc.Context(), patience)
		defer cancel()
		caller, err := find(ctx, door.BearerOf(ctx))
		if err != nil {
			door.Refuse(hc, err)
			return
		}
		next(huma.WithContext(hc, context.WithValue(ctx, terminalKey{}, caller)))
	})
	return op
}

// forCheckout is forTills for a call that a customer waits for: it is timed.
func (a *api) forCheckout(op huma.Operation) huma.Operation { return a.forTills(a.timed(op)) }

// forFinalize is forCheckout for the call that matters most: a token that was
// seen before is looked up in the sale's own transaction, and not ahead of it.
func (a *api) forFinalize(op huma.Operation) huma.Operation {
	return admit(a.timed(op), a.tokens.ByToken)
}

func (a *api) timed(op huma.Operation) huma.Operation {
	seconds := a.checkoutSeconds.WithLabelValues(op.OperationID)
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		begin := time.Now()
		next(hc)
		seconds.Observe(time.Since(begin).Seconds())
	})
	return op
}

// callerOf is who asks, with the request's Idempotency-Key.
func callerOf(ctx context.Context) checkout.Caller {
	terminal := callingTerminal(ctx)
	by := checkout.Caller{TerminalID: terminal.TerminalID}
	by.Once.TerminalID, by.Once.Token = terminal.TerminalID, terminal.Hash
	if request, ok := door.FingerprintOf(ctx); ok {
		by.Once.Key, by.Once.Hash = request.Key, request.Hash
	}
	return by
}

// Mutating is the header of calls that change something, for the document; the
// door reads it. Types that inputs embed are exported because huma passes over
// embedded types that are not.
type Mutating struct {
	Key string `header:"Idempotency-Key" doc:"1 to 128 visible characters, such as a UUID: the same key with the same request gets the same answer and has no second effect" required:"false"`
}
