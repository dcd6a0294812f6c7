package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/uplink"
)

func (a *api) registerStatus(d *door.Door) {
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status", Tags: []string{"Sync"},
		Summary:     "The line to HQ and what waits for it",
		Description: "OFFLINE never keeps a till from selling. `head` is the last event, `acked` how far HQ has them.",
	}), a.getStatus)
}

type status struct {
	StoreID              string        `json:"store_id"`
	Connectivity         string        `json:"connectivity" enum:"ONLINE,OFFLINE"`
	Since                time.Time     `json:"since" doc:"of this connectivity"`
	HQLastOK             *time.Time    `json:"hq_last_ok,omitempty" doc:"when HQ last answered well"`
	Protocol             string        `json:"protocol" enum:"http,grpc"`
	FallbackActive       bool          `json:"fallback_active"`
	Head                 int64         `json:"head"`
	Acked                int64         `json:"acked"`
	PendingEvents        int64         `json:"pending_events" doc:"that HQ has never acknowledged"`
	OldestPendingSeconds float64       `json:"oldest_pending_seconds" doc:"0 when nothing is pending"`
	ClockOffsetMS        *int64        `json:"clock_offset_ms,omitempty" doc:"absent: not measured"`
	CatalogVersion       int64         `json:"catalog_version" doc:"0: loaded from a file"`
	Alarm                *uplink.Alarm `json:"alarm,omitempty" doc:"what only a person can mend; sales go on"`
}

type statusOutput struct{ Body status }

func (a *api) getStatus(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	at, err := a.Outbox.Where(ctx, a.DB)
	if err != nil {
		return nil, err
	}
	oldest, err := a.Outbox.OldestPending(ctx, a.DB, at)
	if err != nil {
		return nil, err
	}
	line := a.Uplink()
	s := status{StoreID: at.StoreID, Connectivity: "OFFLINE", Since: line.Since, Protocol: "http", Head: at.Head, Acked: at.Acked,
		PendingEvents: at.Pending(), Alarm: line.Alarm}
	if line.Online {
		s.Connectivity = "ONLINE"
	}
	if !line.HQLastOK.IsZero() {
		s.HQLastOK = &line.HQLastOK
	}
	if !oldest.IsZero() {
		s.OldestPendingSeconds = max(0, a.Now().Sub(oldest).Seconds())
	}
	return &statusOutput{Body: s}, nil
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
