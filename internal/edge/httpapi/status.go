package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/board"
	"tiem/internal/edge/outbox"
)

func (a *api) registerStatus(d *door.Door) {
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status", Tags: []string{"Sync"},
		Summary:     "The line to HQ and what waits for it",
		Description: "OFFLINE never keeps a till from selling. `head` is the last event, `acked` how far HQ has them.",
	}), a.getStatus)
	a.registerStatusStream(d)
}

type statusOutput struct{ Body board.State }

func (a *api) getStatus(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	state, err := a.Status.Read(ctx)
	if err != nil {
		return nil, err
	}
	return &statusOutput{Body: state}, nil
}

func (a *api) registerOutbox(d *door.Door) {
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "list-outbox", Method: http.MethodGet, Path: "/v1/outbox", Tags: []string{"Sync"},
		Summary: "The store's log of events", Description: "Every field of the envelope, and what became of the event.",
	}), a.listOutbox)
}

type outboxInput struct {
	door.Page
	State outbox.State `query:"state" enum:"pending,published,all" default:"all"`
	After int64        `query:"after" minimum:"0" doc:"go on behind this id"`
}

type outboxOutput struct {
	Body struct {
		Items []outbox.Entry `json:"items"`
		Next  string         `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listOutbox(ctx context.Context, in *outboxInput) (*outboxOutput, error) {
	rows, err := a.Outbox.List(ctx, a.DB, in.State, in.After, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &outboxOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, rows, func(e *outbox.Entry) string { return strconv.FormatInt(e.ID, 10) })
	return out, nil
}
