package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
)

var peopleTags = []string{"People"}

func (a *api) registerSessions(d *door.Door) {
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "open-session", Method: http.MethodPost, Path: "/v1/sessions", Tags: peopleTags, DefaultStatus: http.StatusCreated,
		Summary: "Sign in at this terminal",
		Description: "Send the `session_token` as `X-Session` from then on. Several people may be signed in at a terminal. 401 `pin_wrong`, also for an id that " +
			"nobody has; 429 `pin_blocked` with `Retry-After` after five wrong ones for a person, `too_many_attempts` when the terminal tries more than it may, whoever it is " +
			"for; 403 `cashier_disabled`. An `Idempotency-Key` is not looked at: a PIN is fingerprinted nowhere.",
	}), a.openSession)
	door.Register(d, a.forPeople(huma.Operation{
		OperationID: "get-session", Method: http.MethodGet, Path: "/v1/sessions/current", Tags: peopleTags,
		Summary: "Who is signed in",
	}), a.getSession)
	door.Register(d, a.forPeople(huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: "/v1/sessions/current", Tags: peopleTags, DefaultStatus: http.StatusNoContent,
		Summary: "Sign out", Description: "Baskets are kept. Again: 401 `session_invalid`.",
	}), a.endSession)
}

type openSessionInput struct {
	Body struct {
		TerminalID string `json:"terminal_id" doc:"must be the token's terminal" example:"T1" pattern:"^[A-Za-z0-9]{1,16}$"`
		CashierID  string `json:"cashier_id" doc:"who signs in" example:"C1" pattern:"^[A-Za-z0-9]{1,16}$"`
		PIN        string `json:"pin" doc:"4 to 8 digits" maxLength:"64"`
	}
}

type openSessionOutput struct {
	Body struct {
		Token     string     `json:"session_token" doc:"shown once"`
		ExpiresAt time.Time  `json:"expires_at"`
		CashierID string     `json:"cashier_id"`
		Name      string     `json:"name"`
		Role      staff.Role `json:"role" enum:"cashier,manager"`
	}
}

func (a *api) openSession(ctx context.Context, in *openSessionInput) (*openSessionOutput, error) {
	if err := ownTerminal(ctx, in.Body.TerminalID); err != nil {
		return nil, err
	}
	text, opened, err := a.Sessions.Open(ctx, in.Body.TerminalID, in.Body.CashierID, in.Body.PIN)
	if err != nil {
		return nil, err
	}
	out := &openSessionOutput{}
	out.Body.Token, out.Body.ExpiresAt = text, opened.ExpiresAt
	out.Body.CashierID, out.Body.Name, out.Body.Role = opened.Cashier.CashierID, opened.Name, opened.Cashier.Role
	return out, nil
}

// ownTerminal refuses a till that speaks for another one.
func ownTerminal(ctx context.Context, terminalID string) error {
	if own := terminalOf(ctx); terminalID != own {
		return fault.New(fault.Forbidden, "terminal_mismatch", "the token is terminal %s's", own).At("terminal_id").
			Advise("a till speaks for itself only")
	}
	return nil
}

type sessionOutput struct {
	Body struct {
		TerminalID string     `json:"terminal_id"`
		CashierID  string     `json:"cashier_id"`
		Name       string     `json:"name"`
		Role       staff.Role `json:"role" enum:"cashier,manager"`
		OpenedAt   time.Time  `json:"opened_at"`
		ExpiresAt  time.Time  `json:"expires_at"`
	}
}

func (a *api) getSession(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	s := callingOne(ctx).Session
	out := &sessionOutput{}
	out.Body.TerminalID, out.Body.CashierID, out.Body.Name, out.Body.Role = s.TerminalID, s.Cashier.CashierID, s.Name, s.Cashier.Role
	out.Body.OpenedAt, out.Body.ExpiresAt = s.OpenedAt, s.ExpiresAt
	return out, nil
}

func (a *api) endSession(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, a.Sessions.End(ctx, callingOne(ctx).Caller)
}
