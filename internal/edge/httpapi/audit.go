package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/audit"
	"tiem/internal/edge/staff"
)

func (a *api) registerAudit(d *door.Door) {
	door.Register(d, a.forPeople(huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/v1/audit", Tags: peopleTags,
		Summary:     "Who did what, with whose approval",
		Description: "A manager's. Append-only, in the order of ids, which may have gaps. Times are the shop's clock's.",
	}), a.listAudit)
}

type auditInput struct {
	door.Page
	After int64 `query:"after" minimum:"0" doc:"go on behind this id"`
}

type auditOutput struct {
	Body struct {
		Items []audit.Record `json:"items"`
		Next  string         `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listAudit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	if err := need(ctx, staff.ReadAudit); err != nil {
		return nil, err
	}
	rows, err := audit.List(ctx, a.DB, in.After, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, rows, func(r *audit.Record) string { return strconv.FormatInt(r.ID, 10) })
	return out, nil
}
