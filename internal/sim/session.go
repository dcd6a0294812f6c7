package sim

import (
	"context"
	"net/http"
	"slices"
	"time"

	"tiem/internal/fault"
)

// sessionGone are the codes of a session that a new one may take the place of.
// The basket is the edge's: nothing is lost with the session.
var sessionGone = []string{"session_missing", "session_invalid", "session_expired"}

// SignIn opens a session for the till's cashier. A wrong PIN, and a till that
// guessed too often, are never tried again: that would only block the cashier.
func (t *Till) SignIn(ctx context.Context) error {
	r := request{method: http.MethodPost, path: "/v1/sessions"}
	if err := t.encodeSignIn(&r); err != nil {
		return err
	}
	return t.persist(ctx, r, func(ctx context.Context) error { return t.signIn(ctx, r) })
}

// SignOut ends the session; a till without one is left alone.
func (t *Till) SignOut(ctx context.Context) error {
	if t.session == "" {
		return nil
	}
	r := request{method: http.MethodDelete, path: "/v1/sessions/current", session: t.session}
	err := t.persist(ctx, r, func(ctx context.Context) error { return t.edge.do(ctx, r, nil) })
	if err == nil || slices.Contains(sessionGone, fault.CodeOf(err)) {
		t.session = ""
		return nil
	}
	return err
}

func (t *Till) encodeSignIn(r *request) error {
	return r.encode(struct {
		TerminalID string `json:"terminal_id"`
		CashierID  string `json:"cashier_id"`
		PIN        string `json:"pin"`
	}{t.Login.TerminalID, t.CashierID, t.Login.PINs[t.CashierID]})
}

// signIn is one try.
func (t *Till) signIn(ctx context.Context, r request) error {
	var session struct {
		Token string `json:"session_token"`
	}
	err := t.edge.do(ctx, r, &session)
	if code := fault.CodeOf(err); code == "pin_blocked" {
		return fault.Wrap(err, fault.Forbidden, code, "%s may not try a PIN at %s for now", t.CashierID, t.Login.TerminalID)
	}
	if fault.CodeOf(err) == "too_many_attempts" { // the till's queue is full, and that passes: try again
		return fault.Wrap(err, fault.Unavailable, "too_many_attempts", "too many PINs are tried at %s", t.Login.TerminalID)
	}
	if err != nil {
		return err
	}
	t.session = session.Token
	return nil
}

// inSession sends a request once, as the till's cashier. When the session has
// ended, the cashier signs in again and the same request is sent once more.
func (t *Till) inSession(ctx context.Context, r request, into any) error {
	for again := false; ; again = true {
		if t.session == "" {
			if err := t.signInFor(ctx); err != nil {
				return err
			}
		}
		r.session = t.session
		err := t.edge.do(ctx, r, into)
		if err == nil || again || !slices.Contains(sessionGone, fault.CodeOf(err)) {
			return err
		}
		t.session = ""
	}
}

// signInFor signs in within another call's try.
func (t *Till) signInFor(ctx context.Context) error {
	r := request{method: http.MethodPost, path: "/v1/sessions"}
	if err := t.encodeSignIn(&r); err != nil {
		return err
	}
	begun := time.Now()
	err := t.signIn(ctx, r)
	if t.Observe != nil {
		t.Observe(CallSignIn, time.Since(begun), err)
	}
	return err
}
