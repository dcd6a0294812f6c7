package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/receipt"
)

func (a *api) registerReceipt(d *door.Door) {
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "print-receipt", Method: http.MethodPost, Path: "/v1/transactions/{id}/receipt", Tags: transactionTags,
		Summary: "Print a paid sale's receipt",
		Description: "Text for a printer of 42 columns. The first one is the original; every later one, by whichever terminal, says «BẢN SAO / COPY n» " +
			"above and below. Each call is a print, also with an `Idempotency-Key` that was used before: a lost answer is not printed a second " +
			"time as an original. 409 `not_paid`.",
		Responses: map[string]*huma.Response{"200": {Description: "The receipt", Content: map[string]*huma.MediaType{
			"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}), a.printReceipt)
}

type receiptInput struct {
	IDInput
	Language receipt.Language `query:"lang" enum:"vi,en" default:"vi" doc:"of the words; names are the catalogue's"`
}

type receiptOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

func (a *api) printReceipt(ctx context.Context, in *receiptInput) (*receiptOutput, error) {
	text, err := a.Desk.PrintReceipt(ctx, callerOf(ctx), in.ID, in.Language)
	if err != nil {
		return nil, err
	}
	return &receiptOutput{ContentType: "text/plain; charset=utf-8", Body: []byte(text)}, nil
}
