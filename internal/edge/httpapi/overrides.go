package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/money"
)

func (a *api) registerOverrides(d *door.Door) {
	const approval = "Whoever may not do it alone sends somebody's approval (`X-Approval`): 403 `permission_needed`. "
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "discount-line", Method: http.MethodPost, Path: "/v1/transactions/{id}/items/{line_no}/discount", Tags: transactionTags,
		Summary: "Take something off a line",
		Description: "The line's discount is set to `amount`; 0 takes it off again. Takes the permission `discount`. " + approval +
			"422 `discount_too_large`, `amount_too_large`, `looks_like_card_number`; 409 `payments_exist`.",
	}), a.discountLine)
	door.Register(d, a.forCheckout(huma.Operation{
		OperationID: "override-price", Method: http.MethodPost, Path: "/v1/transactions/{id}/items/{line_no}/price", Tags: transactionTags,
		Summary: "Sell a line at another price",
		Description: "The line's `unit_price` is replaced; the one of the scan stays beside it as `list_price`, and to sell at it again takes the override off. " +
			"Takes the permission `override_price`. " + approval + "422 `discount_too_large`, `amount_too_large`, `looks_like_card_number`; 409 `payments_exist`.",
	}), a.overridePrice)
}

type discountInput struct {
	LineInput
	Approvable
	Body struct {
		Amount money.Amount `json:"amount" minimum:"0" doc:"minor units; at most the line's gross" example:"2000"`
		Reason string       `json:"reason" minLength:"1" maxLength:"200" doc:"why, in one line" example:"hộp móp"`
	}
}

func (a *api) discountLine(ctx context.Context, in *discountInput) (*transactionOutput, error) {
	return transactionAnswer(a.Desk.Discount(ctx, callerOf(ctx), in.ID, int32(in.LineNo), in.Body.Amount, in.Body.Reason))
}

type priceInput struct {
	LineInput
	Approvable
	Body struct {
		UnitPrice money.Amount `json:"unit_price" minimum:"0" doc:"minor units, tax included" example:"5000"`
		Reason    string       `json:"reason" minLength:"1" maxLength:"200" doc:"why, in one line" example:"giá trên kệ"`
	}
}

func (a *api) overridePrice(ctx context.Context, in *priceInput) (*transactionOutput, error) {
	return transactionAnswer(a.Desk.OverridePrice(ctx, callerOf(ctx), in.ID, int32(in.LineNo), in.Body.UnitPrice, in.Body.Reason))
}
