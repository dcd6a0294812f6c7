package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/session"
	"tiem/internal/edge/staff"
	"tiem/internal/token"
)

// This file is who may ask what. A route is registered with one of four:
//
//	forTills      a terminal's token: reading, and signing in
//	forPeople     and a session at that terminal: whatever somebody answers for
//	forCheckout   forPeople for a call that a customer waits for: it is timed
//	forFinalize   forCheckout that looks both up in the sale's own transaction
//
// A permission beyond selling is asked for where the basket is known
// (staff.People.Permit), or by need, where there is none.

const (
	terminalScheme = "terminalToken"
	sessionScheme  = "session"

	sessionHeader  = "X-Session"
	approvalHeader = "X-Approval"
)

// patience is how long a till's call may take before it is told to try again: a
// database that hangs must not hang the tills. A COMMIT on its way is not cut.
const patience = 8 * time.Second

type callerKey struct{}

// caller is who asks.
type caller struct {
	session.Caller // of forTills: the terminal only

	approval []byte // hash of X-Approval; nil: none came
}

func callingOne(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// terminalOf is the terminal that the request's token belongs to.
func terminalOf(ctx context.Context) string { return callingOne(ctx).TerminalID }

// admission finds who calls.
type admission func(ctx context.Context, bearer, sessionToken string) (session.Caller, error)

// forTills lets terminals in.
func (a *api) forTills(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{terminalScheme: {}}}
	return admit(op, func(ctx context.Context, bearer, _ string) (session.Caller, error) {
		id, err := a.Terminals.ByToken(ctx, bearer)
		return session.Caller{Session: session.Session{TerminalID: id}}, err
	})
}

// forPeople lets people in who are signed in at the terminal.
func (a *api) forPeople(op huma.Operation) huma.Operation {
	return admit(signedIn(op), a.Sessions.Find)
}

// forCheckout is forPeople for a call that a customer waits for: it is timed.
func (a *api) forCheckout(op huma.Operation) huma.Operation { return a.forPeople(a.timed(op)) }

// forFinalize is forCheckout for the call that matters most: tokens that were
// seen before are looked up in the sale's own transaction, and not ahead of it.
func (a *api) forFinalize(op huma.Operation) huma.Operation {
	return admit(signedIn(a.timed(op)), a.callers.Find)
}

func signedIn(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{terminalScheme: {}, sessionScheme: {}}}
	return op
}

func admit(op huma.Operation, find admission) huma.Operation {
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		ctx, cancel := context.WithTimeout(hc.Context(), patience)
		defer cancel()
		found, err := find(ctx, door.BearerOf(ctx), hc.Header(sessionHeader))
		if err != nil {
			door.Refuse(hc, err)
			return
		}
		asks := caller{Caller: found}
		if text := hc.Header(approvalHeader); text != "" {
			asks.approval = token.Hash(text)
		}
		next(huma.WithContext(hc, context.WithValue(ctx, callerKey{}, asks)))
	})
	return op
}

func (a *api) timed(op huma.Operation) huma.Operation {
	seconds := a.checkoutSeconds.WithLabelValues(op.OperationID)
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		begin := time.Now()
		a.Traffic.Enter()
		defer a.Traffic.Leave()
		next(hc)
		seconds.Observe(time.Since(begin).Seconds())
	})
	return op
}

// need refuses (403 permission_needed) whoever's role does not allow something
// that nobody else can stand for.
func need(ctx context.Context, p staff.Permission) error {
	if actor := callingOne(ctx).Cashier; !actor.Role.May(p) {
		return staff.ErrPermission(actor, p).Advise("somebody who may signs in and does it")
	}
	return nil
}

// callerOf is who asks, with the request's Idempotency-Key.
func callerOf(ctx context.Context) checkout.Caller {
	asks := callingOne(ctx)
	by := checkout.Caller{TerminalID: asks.TerminalID, Cashier: asks.Cashier, Approval: asks.approval}
	by.Once.TerminalID, by.Once.Proof = asks.TerminalID, asks.Unproven()
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

// Approvable is the header of calls that somebody else may have to stand for, for
// the document; admit reads it.
type Approvable struct {
	Approval string `header:"X-Approval" doc:"the approval_token of POST /v1/approvals, if the cashier may not do this alone" required:"false"`
}
