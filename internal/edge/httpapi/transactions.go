package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofrs/uuid/v5"

	"tiem/internal/door"
	"tiem/internal/edge/checkout"
	"tiem/internal/fault"
	"tiem/internal/pricing"
)

var transactionTags = []string{"Transactions"}

func (a *api) registerTransactions(d *door.Door) {
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "create-transaction", Method: http.MethodPost, Path: "/v1/transactions", Tags: transactionTags, DefaultStatus: http.StatusCreated,
		Summary:     "Open a basket",
		Description: "Send an `id` (UUIDv7) of your own: the same id again is the same basket, with 200 instead of 201.",
	}), a.createTransaction)
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "get-transaction", Method: http.MethodGet, Path: "/v1/transactions/{id}", Tags: transactionTags,
		Summary: "A transaction with its lines, payments and totals",
	}), a.getTransaction)
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "get-totals", Method: http.MethodGet, Path: "/v1/transactions/{id}/totals", Tags: transactionTags,
		Summary: "What is owed, paid and due", Description: "Prices include VAT: subtotal + tax = total = gross − discount.",
	}), a.getTotals)
	door.Register(d, a.forFinalize(huma.Operation{
		OperationID: "finalize-transaction", Method: http.MethodPost, Path: "/v1/transactions/{id}/finalize", Tags: transactionTags,
		Summary: "Make a paid basket a sale",
		Description: "PAID, a receipt number, stock down and the events in the outbox, in one transaction. Again: the same receipt. " +
			"409 `payment_incomplete`, `transaction_empty`, `transaction_voided`, `transaction_suspended`.",
	}), a.finalize)
}

type createInput struct {
	Mutating
	Body struct {
		ID         *uuid.UUID `json:"id,omitempty" format:"uuid" doc:"the client's own id, best a UUIDv7"`
		TerminalID string     `json:"terminal_id" doc:"must be the token's terminal" example:"T1" pattern:"^[A-Za-z0-9]{1,16}$"`
		CashierID  string     `json:"cashier_id" doc:"who is signed in" example:"C1" pattern:"^[A-Za-z0-9]{1,16}$"`
	}
}

type transactionOutput struct {
	Status int
	Body   checkout.Basket
}

// IDInput names a transaction.
type IDInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"the transaction's id"`
}

func (a *api) createTransaction(ctx context.Context, in *createInput) (*transactionOutput, error) {
	by := callerOf(ctx)
	if err := ownTerminal(ctx, in.Body.TerminalID); err != nil {
		return nil, err
	}
	if in.Body.CashierID != by.Cashier.CashierID {
		return nil, fault.New(fault.Forbidden, "cashier_mismatch", "%s is signed in here", by.Cashier.CashierID).At("cashier_id").
			Advise("a cashier sells under their own id: sign in with it")
	}
	opening := checkout.Opening{CashierID: in.Body.CashierID}
	if in.Body.ID != nil {
		if in.Body.ID.IsNil() {
			return nil, fault.New(fault.Invalid, "id_invalid", "the nil UUID is no id").At("id")
		}
		opening.ID = *in.Body.ID
	}
	return transactionAnswer(a.Desk.Create(ctx, by, opening))
}

func (a *api) getTransaction(ctx context.Context, in *IDInput) (*transactionOutput, error) {
	view, err := a.Desk.Get(ctx, in.ID)
	return &transactionOutput{Status: http.StatusOK, Body: view}, err
}

type totalsOutput struct{ Body pricing.Totals }

func (a *api) getTotals(ctx context.Context, in *IDInput) (*totalsOutput, error) {
	view, err := a.Desk.Get(ctx, in.ID)
	return &totalsOutput{Body: view.Totals}, err
}

// ChangeInput is a change of a transaction.
type ChangeInput struct {
	Mutating
	IDInput
}

func (a *api) finalize(ctx context.Context, in *ChangeInput) (*transactionOutput, error) {
	return transactionAnswer(a.Desk.Finalize(ctx, callerOf(ctx), in.ID))
}

// onTransaction is the handler of a change that takes nothing but an id.
func (a *api) onTransaction(change func(context.Context, checkout.Caller, uuid.UUID) (checkout.Reply, error),
) func(context.Context, *ChangeInput) (*transactionOutput, error) {
	return func(ctx context.Context, in *ChangeInput) (*transactionOutput, error) {
		return transactionAnswer(change(ctx, callerOf(ctx), in.ID))
	}
}

func transactionAnswer(reply checkout.Reply, err error) (*transactionOutput, error) {
	if err != nil {
		return nil, err
	}
	return &transactionOutput{Status: reply.Status, Body: reply.Body}, nil
}
