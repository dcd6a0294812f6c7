package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofrs/uuid/v5"

	"tiem/internal/door"
	"tiem/internal/edge/checkout"
	"tiem/internal/sale"
)

// registerBaskets adds what a basket goes through beside a sale: it waits, it
// moves to another till, it is given up.
func (a *api) registerBaskets(d *door.Door) {
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "list-transactions", Method: http.MethodGet, Path: "/v1/transactions", Tags: transactionTags,
		Summary:     "Baskets that are not finished",
		Description: "Of all tills, by id: the suspended ones and those at a till. A till that died left its basket here: resume it.",
	}), a.listTransactions)
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "suspend-transaction", Method: http.MethodPost, Path: "/v1/transactions/{id}/suspend", Tags: transactionTags,
		Summary:     "Let a basket wait",
		Description: "With its payments, in the middle of paying, too. Until it is resumed nothing is scanned, paid or finalized; a QR that was shown may still be paid.",
	}), a.onTransaction(a.Desk.Suspend))
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "resume-transaction", Method: http.MethodPost, Path: "/v1/transactions/{id}/resume", Tags: transactionTags,
		Summary: "Go on with a basket, at any till",
		Description: "A suspended basket, or one of another till that died over it. From then on it is this till's, and the other one is refused (403 " +
			"`basket_held_elsewhere`). It stays the basket of whoever opened it. 409 `transaction_not_suspended` for this till's own, " +
			"`transaction_resumed_elsewhere` if another till was faster.",
	}), a.resumeTransaction)
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "void-transaction", Method: http.MethodPost, Path: "/v1/transactions/{id}/void", Tags: transactionTags,
		Summary: "Give a basket up",
		Description: "Cancels its cash and PENDING payments; 409 `payment_captured` if other money is in. A basket that somebody else opened takes the " +
			"permission `void_others`: 403 `permission_needed`.",
	}), a.voidTransaction)
}

type openInput struct {
	door.Page
	Status     []sale.Status `query:"status" enum:"DRAFT,SUSPENDED" default:"DRAFT,SUSPENDED" doc:"one or several, with commas"`
	TerminalID string        `query:"terminal_id" pattern:"^[A-Za-z0-9]{1,16}$" doc:"only those that this terminal holds"`
	After      string        `query:"after" format:"uuid" doc:"go on behind this id: next of the page before"`
}

type openOutput struct {
	Body struct {
		Items []checkout.Summary `json:"items"`
		Next  string             `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listTransactions(ctx context.Context, in *openInput) (*openOutput, error) {
	rows, err := a.Desk.Unfinished(ctx, checkout.Unfinished{Statuses: in.Status, TerminalID: in.TerminalID,
		After: uuid.FromStringOrNil(in.After)}, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &openOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, rows, func(s *checkout.Summary) string { return s.ID.String() })
	return out, nil
}

type resumeInput struct {
	ChangeInput
	Body struct {
		TerminalID string `json:"terminal_id" doc:"must be the token's terminal" example:"T2" pattern:"^[A-Za-z0-9]{1,16}$"`
	}
}

func (a *api) resumeTransaction(ctx context.Context, in *resumeInput) (*transactionOutput, error) {
	if err := ownTerminal(ctx, in.Body.TerminalID); err != nil {
		return nil, err
	}
	return transactionAnswer(a.Desk.Resume(ctx, callerOf(ctx), in.ID))
}

type voidInput struct {
	ChangeInput
	Approvable
	Body *struct {
		Reason string `json:"reason,omitempty" minLength:"1" maxLength:"200" doc:"why, in one line" example:"khách đổi ý"`
	}
}

func (a *api) voidTransaction(ctx context.Context, in *voidInput) (*transactionOutput, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return transactionAnswer(a.Desk.Void(ctx, callerOf(ctx), in.ID, reason))
}
