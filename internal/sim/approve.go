package sim

import (
	"context"
	"net/http"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
)

// Permission is what somebody else's PIN may have to stand for.
type Permission string

// The permissions that a till asks for.
const (
	ToVoidOthers    Permission = "void_others"
	ToDiscount      Permission = "discount"
	ToOverridePrice Permission = "override_price"
)

// Approve lets approver type their PIN at the till for one thing in one basket.
// The token is for one call.
func (t *Till) Approve(ctx context.Context, approver string, p Permission, id uuid.UUID) (token string, err error) {
	body := struct {
		CashierID     string     `json:"cashier_id"`
		PIN           string     `json:"pin"`
		Permission    Permission `json:"permission"`
		TransactionID uuid.UUID  `json:"transaction_id"`
	}{approver, t.Login.PINs[approver], p, id}
	var approval struct {
		Token string `json:"approval_token"`
	}
	r := request{method: http.MethodPost, path: "/v1/approvals"}
	if err := r.encode(body); err != nil {
		return "", err
	}
	return approval.Token, t.send(ctx, r, &approval)
}

// Discount sets what is taken off a line, in minor units.
func (t *Till) Discount(ctx context.Context, id uuid.UUID, lineNo int32, amount money.Amount, reason, approval, key string) (*Basket, error) {
	body := struct {
		Amount money.Amount `json:"amount"`
		Reason string       `json:"reason"`
	}{amount, reason}
	return t.approved(ctx, linePath(id, lineNo, "/discount"), approval, key, body)
}

// OverridePrice sells a line at another price than the catalogue's, minor units.
func (t *Till) OverridePrice(ctx context.Context, id uuid.UUID, lineNo int32, price money.Amount, reason, approval, key string) (*Basket, error) {
	body := struct {
		UnitPrice money.Amount `json:"unit_price"`
		Reason    string       `json:"reason"`
	}{price, reason}
	return t.approved(ctx, linePath(id, lineNo, "/price"), approval, key, body)
}

// VoidOthers gives a basket up that somebody else opened.
func (t *Till) VoidOthers(ctx context.Context, id uuid.UUID, reason, approval, key string) (*Basket, error) {
	body := struct {
		Reason string `json:"reason"`
	}{reason}
	return t.approved(ctx, transactionPath(id, "/void"), approval, key, body)
}

func (t *Till) approved(ctx context.Context, path, approval, key string, body any) (*Basket, error) {
	r := request{method: http.MethodPost, path: path, key: key, approval: approval}
	if err := r.encode(body); err != nil {
		return nil, err
	}
	var b Basket
	if err := t.send(ctx, r, &b); err != nil {
		return nil, err
	}
	return &b, nil
}
