package httpapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
)

// The names of the two kinds of token in the OpenAPI document.
const (
	storeScheme  = "storeToken"
	scriptScheme = "hqToken"
)

type callerKey struct{}

// caller is who a request comes from: a store, or (with no store) a script.
type caller struct{ storeID string }

// may refuses a store that asks for another one's data.
func (c caller) may(storeID string) error {
	if c.storeID == "" {
		return nil
	}
	return fleet.MaySpeak(c.storeID, storeID)
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// forStores lets stores in.
func (a *api) forStores(op huma.Operation) huma.Operation { return guarded(op, a.store, storeScheme) }

// forScripts lets scripts in.
func (a *api) forScripts(op huma.Operation) huma.Operation {
	return guarded(op, a.script, scriptScheme)
}

// forBoth lets scripts and stores in.
func (a *api) forBoth(op huma.Operation) huma.Operation {
	return guarded(op, func(ctx context.Context, token string) (caller, error) {
		if c, err := a.script(ctx, token); err == nil {
			return c, nil
		}
		return a.store(ctx, token)
	}, storeScheme, scriptScheme)
}

// guarded puts identify before an operation, and the schemes into its document.
func guarded(op huma.Operation, identify func(context.Context, string) (caller, error), schemes ...string) huma.Operation {
	for _, scheme := range schemes {
		op.Security = append(op.Security, map[string][]string{scheme: {}})
	}
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		c, err := identify(hc.Context(), door.BearerOf(hc.Context()))
		if err != nil {
			door.Refuse(hc, err)
			return
		}
		next(huma.WithValue(hc, callerKey{}, c))
	})
	return op
}

func (a *api) store(ctx context.Context, token string) (caller, error) {
	id, err := a.Fleet.Authenticate(ctx, token)
	return caller{storeID: id}, err
}

func (a *api) script(_ context.Context, token string) (caller, error) {
	given, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.Token))
	switch {
	case a.Token == "":
		return caller{}, fault.New(fault.Unauthorized, "token_invalid", "this HQ takes no calls of scripts").
			Advise("start it with HQ_TOKEN")
	case token == "":
		return caller{}, fault.New(fault.Unauthorized, "token_missing", "HQ's token is required").
			Advise("send Authorization: Bearer … with HQ_TOKEN")
	case subtle.ConstantTimeCompare(given[:], want[:]) != 1:
		return caller{}, fault.New(fault.Unauthorized, "token_invalid", "this is not HQ's token")
	}
	return caller{}, nil
}
