package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofrs/uuid/v5"

	"tiem/internal/door"
	"tiem/internal/edge/staff"
)

func (a *api) registerApprovals(d *door.Door) {
	door.Register(d, a.forPeople(huma.Operation{
		OperationID: "approve", Method: http.MethodPost, Path: "/v1/approvals", Tags: peopleTags, DefaultStatus: http.StatusCreated,
		Summary: "Stand for a colleague with one's PIN",
		Description: "The answer's `approval_token` goes as `X-Approval` with the call that needs it: good for two minutes and once, for this permission, basket, terminal " +
			"and colleague. 403 `approval_by_self`, `approver_not_allowed`; `pin_wrong`, `pin_blocked` and `too_many_attempts` as for sessions. An `Idempotency-Key` is not looked at.",
	}), a.approve)
}

type approveInput struct {
	Body struct {
		CashierID     string           `json:"cashier_id" doc:"who approves" example:"M1" pattern:"^[A-Za-z0-9]{1,16}$"`
		PIN           string           `json:"pin" doc:"theirs" maxLength:"64"`
		Permission    staff.Permission `json:"permission" enum:"void_others,discount,override_price"`
		TransactionID uuid.UUID        `json:"transaction_id" format:"uuid" doc:"the basket that it is about"`
	}
}

type approveOutput struct {
	Body struct {
		Token      string    `json:"approval_token" doc:"shown once"`
		ApprovedBy string    `json:"approved_by"`
		ExpiresAt  time.Time `json:"expires_at"`
	}
}

func (a *api) approve(ctx context.Context, in *approveInput) (*approveOutput, error) {
	asks := callingOne(ctx)
	given, err := a.People.Approve(ctx, staff.Wanted{TerminalID: asks.TerminalID, Asker: asks.Cashier, ApproverID: in.Body.CashierID, PIN: in.Body.PIN,
		Permission: in.Body.Permission, TransactionID: in.Body.TransactionID})
	if err != nil {
		return nil, err
	}
	out := &approveOutput{}
	out.Body.Token, out.Body.ApprovedBy, out.Body.ExpiresAt = given.Token, given.ApprovedBy, given.ExpiresAt
	return out, nil
}
