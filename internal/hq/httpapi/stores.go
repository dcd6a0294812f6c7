package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/intake"
	"tiem/internal/wire"
)

func (a *api) registerStores(d *door.Door) {
	tags := []string{"Stores"}
	door.Register(d, a.forScripts(huma.Operation{
		OperationID: "list-stores", Method: http.MethodGet, Path: "/v1/stores", Tags: tags,
		Summary: "List the stores and how far HQ has their logs",
	}), a.listStores)
	door.Register(d, a.forScripts(huma.Operation{
		OperationID: "add-store", Method: http.MethodPost, Path: "/v1/stores", Tags: tags, DefaultStatus: http.StatusCreated,
		Summary: "Register a store", Description: "The answer holds the store's token, which is shown this once and kept nowhere.",
	}), a.addStore)
	door.Register(d, a.forBoth(huma.Operation{
		OperationID: "get-store-sync", Method: http.MethodGet, Path: "/v1/stores/{id}/sync", Tags: tags,
		Summary:     "How far HQ has a store's log",
		Description: "HQ holds every event from 1 to `received_upto`, and `chain_hash` is the hash of that one. A store's token reads its own.",
	}), a.getStoreSync)
	door.Register(d, a.forStores(huma.Operation{
		OperationID: "post-heartbeat", Method: http.MethodPost, Path: "/v1/stores/{id}/heartbeat", Tags: tags,
		Summary: "A store tells where its log ends and what time it is there",
		Description: "About every 15 seconds while the line is up. `now` is HQ's clock: the store compares it with the middle of the exchange, " +
			"and says with the next one what it found. Nothing is ordered by any of this.",
	}), a.postHeartbeat)
	door.Register(d, a.forScripts(huma.Operation{
		OperationID: "list-store-events", Method: http.MethodGet, Path: "/v1/stores/{id}/events", Tags: tags,
		Summary: "List the events that HQ holds of a store",
	}), a.listStoreEvents)
}

type storesInput struct {
	door.Page

	After string `query:"after" doc:"go on behind this store_id" maxLength:"16"`
}

type storesOutput struct {
	Body struct {
		Items []fleet.Store `json:"items"`
		Next  string        `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listStores(ctx context.Context, in *storesInput) (*storesOutput, error) {
	stores, err := a.Fleet.List(ctx, in.After, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &storesOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, stores, func(s *fleet.Store) string { return s.StoreID })
	return out, nil
}

type addStoreInput struct {
	Body struct {
		StoreID string `json:"store_id" doc:"1 to 16 letters and digits" example:"S1" pattern:"^[A-Za-z0-9]{1,16}$"`
		Name    string `json:"name" minLength:"1" maxLength:"200" example:"Tiệm Nguyễn Trãi"`
	}
}

type addedStore struct {
	wire.StoreSync

	Name  string `json:"name"`
	Token string `json:"token" doc:"the store's token: keep it, it is not shown again"`
}

type addStoreOutput struct {
	Body addedStore
}

func (a *api) addStore(ctx context.Context, in *addStoreInput) (*addStoreOutput, error) {
	token, err := a.Fleet.Add(ctx, in.Body.StoreID, in.Body.Name)
	if err != nil {
		return nil, err
	}
	// What a new store is like is known: a look-up could fail and lose the token.
	fresh := wire.StoreSync{StoreID: in.Body.StoreID, Epoch: 1}
	return &addStoreOutput{Body: addedStore{StoreSync: fresh, Name: in.Body.Name, Token: token}}, nil
}

// StoreInput is the store that a path names.
type StoreInput struct {
	ID string `path:"id" doc:"the store's id" maxLength:"16"`
}

type syncOutput struct {
	Body wire.StoreSync
}

func (a *api) getStoreSync(ctx context.Context, in *StoreInput) (*syncOutput, error) {
	by := callerOf(ctx)
	if err := by.may(in.ID); err != nil {
		return nil, err
	}
	if by.storeID != "" {
		if err := a.Fleet.Touch(ctx, by.storeID); err != nil {
			return nil, err
		}
	}
	store, err := a.Fleet.Get(ctx, in.ID)
	return &syncOutput{Body: store.StoreSync}, err
}

type heartbeatInput struct {
	StoreInput

	Body struct {
		Head          int64     `json:"head" minimum:"0" doc:"the last id of the store's log"`
		SentAt        time.Time `json:"sent_at" doc:"the store's clock"`
		ClockOffsetMS *int64    `json:"clock_offset_ms,omitempty" doc:"the store's clock minus HQ's, as it measured it before"`
	}
}

type heartbeatOutput struct {
	Body wire.HeartbeatAnswer
}

func (a *api) postHeartbeat(ctx context.Context, in *heartbeatInput) (*heartbeatOutput, error) {
	if err := callerOf(ctx).may(in.ID); err != nil {
		return nil, err
	}
	answer, err := a.Fleet.Hear(ctx, in.ID, wire.Heartbeat{Head: in.Body.Head, SentAt: in.Body.SentAt, ClockOffsetMS: in.Body.ClockOffsetMS})
	return &heartbeatOutput{Body: answer}, err
}

type eventsInput struct {
	StoreInput
	door.Page

	After int64 `query:"after" doc:"go on behind this id" minimum:"0"`
}

type eventsOutput struct {
	Body struct {
		Items []intake.Received `json:"items"`
		Next  string            `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listStoreEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	if _, err := a.Fleet.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	events, err := a.Intake.Events(ctx, in.ID, in.After, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, events, func(e *intake.Received) string { return strconv.FormatInt(e.ID, 10) })
	return out, nil
}
