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

func (a *api) registerItems(d *door.Door) {
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "add-item", Method: http.MethodPost, Path: "/v1/transactions/{id}/items", Tags: transactionTags, DefaultStatus: http.StatusCreated,
		Summary: "Add a line",
		Description: "By `barcode`, or by `item_id` once a person has chosen (409 `barcode_ambiguous` lists the candidates). " +
			"The price freezes now. The same item again is a new line.",
	}), a.addItem)
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "change-line", Method: http.MethodPatch, Path: "/v1/transactions/{id}/items/{line_no}", Tags: transactionTags,
		Summary: "Change a line's quantity",
		Description: "The price of the scan stays. A line with a discount or another price keeps its quantity (409 `line_overridden`), because that was " +
			"said of so many: scan the rest as a line of its own, or have the discount or price taken off first.",
	}), a.changeLine)
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "remove-line", Method: http.MethodDelete, Path: "/v1/transactions/{id}/items/{line_no}", Tags: transactionTags,
		DefaultStatus: http.StatusOK, Summary: "Take a line off",
		Description: "It stays on record with `removed_at`; its number is never reused. The last line of a basket that somebody else opened takes the " +
			"permission `void_others`, or somebody's approval (`X-Approval`): 403 `permission_needed`.",
	}), a.removeLine)
}

type addItemInput struct {
	ChangeInput
	Body struct {
		Barcode  string     `json:"barcode,omitempty" doc:"as scanned" example:"8934588063145"`
		ItemID   *uuid.UUID `json:"item_id,omitempty" format:"uuid" doc:"decides when a barcode means several items"`
		Quantity *string    `json:"quantity,omitempty" doc:"a decimal string, more than 0, at most three decimals and 9999.999; absent: 1" example:"1"`
	}
}

func (a *api) addItem(ctx context.Context, in *addItemInput) (*transactionOutput, error) {
	scan := checkout.Scan{Barcode: in.Body.Barcode, Quantity: sale.One}
	if in.Body.ItemID != nil {
		scan.ItemID = *in.Body.ItemID
	}
	if in.Body.Quantity != nil {
		var err error
		if scan.Quantity, err = sale.ParseQuantity(*in.Body.Quantity); err != nil {
			return nil, err
		}
	}
	return transactionAnswer(a.Desk.AddItem(ctx, callerOf(ctx), in.ID, scan))
}

// LineInput is a change of a line.
type LineInput struct {
	ChangeInput
	LineNo int64 `path:"line_no" minimum:"1" maximum:"100000" doc:"the line's number"`
}

type changeLineInput struct {
	LineInput
	Body struct {
		Quantity string `json:"quantity" doc:"a decimal string, more than 0, at most three decimals and 9999.999" example:"2"`
	}
}

func (a *api) changeLine(ctx context.Context, in *changeLineInput) (*transactionOutput, error) {
	quantity, err := sale.ParseQuantity(in.Body.Quantity)
	if err != nil {
		return nil, err
	}
	return transactionAnswer(a.Desk.ChangeQuantity(ctx, callerOf(ctx), in.ID, int32(in.LineNo), quantity))
}

type removeLineInput struct {
	LineInput
	Approvable
}

func (a *api) removeLine(ctx context.Context, in *removeLineInput) (*transactionOutput, error) {
	return transactionAnswer(a.Desk.RemoveLine(ctx, callerOf(ctx), in.ID, int32(in.LineNo)))
}
