package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/till"
)

func (a *api) registerTerminals(d *door.Door) {
	tags := []string{"Terminals"}
	door.Register(d, a.forPeople(huma.Operation{
		OperationID: "make-pairing-code", Method: http.MethodPost, Path: "/v1/pairing-codes", Tags: tags, DefaultStatus: http.StatusCreated,
		Summary: "Let a terminal in",
		Description: "A manager's. The code is good for ten minutes and once. The terminal may be a new one, or one that is there: then pairing replaces its token, also a " +
			"revoked one's. An `Idempotency-Key` is not looked at: a lost answer's code expires.",
	}), a.makePairingCode)
	door.Register(d, open(huma.Operation{
		OperationID: "pair-terminal", Method: http.MethodPost, Path: "/v1/terminals", Tags: tags, DefaultStatus: http.StatusCreated,
		Summary: "Become a terminal, with a pairing code",
		Description: "The one call without a token. 401 `pairing_code_invalid` if the code is wrong, was used or has expired, or its maker may not act any more; 429 `too_many_attempts`. " +
			"If the answer is lost, so is the token: a manager makes another code.",
	}), a.pairTerminal)
}

// open lets everybody in.
func open(op huma.Operation) huma.Operation {
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		ctx, cancel := context.WithTimeout(hc.Context(), patience)
		defer cancel()
		next(huma.WithContext(hc, ctx))
	})
	return op
}

type pairingCodeInput struct {
	Body struct {
		TerminalID string `json:"terminal_id" doc:"of the terminal to let in" example:"T6" pattern:"^[A-Za-z0-9]{1,16}$"`
		Name       string `json:"name,omitempty" doc:"of a new terminal; absent: its id" maxLength:"60"`
	}
}

type pairingCodeOutput struct {
	Body struct {
		Code       string    `json:"code" doc:"shown once; read in any case, with or without the dash" example:"7K3M-9QXA"`
		TerminalID string    `json:"terminal_id"`
		ExpiresAt  time.Time `json:"expires_at"`
	}
}

func (a *api) makePairingCode(ctx context.Context, in *pairingCodeInput) (*pairingCodeOutput, error) {
	if err := need(ctx, staff.PairTerminals); err != nil {
		return nil, err
	}
	asks := callingOne(ctx)
	code, err := a.Terminals.MakeCode(ctx, till.Pairing{TerminalID: in.Body.TerminalID, Name: in.Body.Name, AtTerminal: asks.TerminalID, CashierID: asks.Cashier.CashierID})
	if err != nil {
		return nil, err
	}
	out := &pairingCodeOutput{}
	out.Body.Code, out.Body.TerminalID, out.Body.ExpiresAt = code.Text, in.Body.TerminalID, code.ExpiresAt
	return out, nil
}

type pairInput struct {
	Body struct {
		Code string `json:"code" doc:"as POST /v1/pairing-codes or terminal pair gave it" example:"7K3M-9QXA" maxLength:"64"`
	}
}

type pairOutput struct {
	Body struct {
		TerminalID string `json:"terminal_id"`
		StoreID    string `json:"store_id"`
		Token      string `json:"token" doc:"shown once"`
	}
}

func (a *api) pairTerminal(ctx context.Context, in *pairInput) (*pairOutput, error) {
	paired, err := a.Terminals.Pair(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &pairOutput{}
	out.Body.TerminalID, out.Body.StoreID, out.Body.Token = paired.TerminalID, a.Terminals.StoreID, paired.Token
	return out, nil
}
