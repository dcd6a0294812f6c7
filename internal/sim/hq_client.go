package sim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// HQClient reads from HQ. It is safe for concurrent use.
type HQClient struct{ exchange }

// NewHQClient reads from the HQ at base, with HQ_TOKEN or a store's token.
func NewHQClient(base, token string) *HQClient { return &HQClient{newExchange("HQ", base, token)} }

// Close gives idle connections back.
func (c *HQClient) Close() { c.close() }

func (c *HQClient) read(ctx context.Context, path string, into any) error {
	_, err := persist(ctx, readPatience, func(ctx context.Context) error { return c.get(ctx, path, into) })
	return err
}

// stateApplied is the state of an event whose effect is in HQ's tables.
const stateApplied = "APPLIED"

// HQEvent is an event as HQ holds it, without what it says: the hash speaks for
// that.
type HQEvent struct {
	ID         int64     `json:"id"`
	EventID    uuid.UUID `json:"event_id"`
	Type       string    `json:"type"`
	Hash       wire.Hash `json:"hash"`
	ReceivedAt time.Time `json:"received_at"`
	State      string    `json:"state"` // APPLIED, QUARANTINED or WAITING
}

// Events reads what HQ holds of a store behind id after, at most pageLimit.
// Only HQ_TOKEN may ask.
func (c *HQClient) Events(ctx context.Context, storeID string, after int64) ([]HQEvent, error) {
	var p struct {
		Items []HQEvent `json:"items"`
	}
	err := c.read(ctx, fmt.Sprintf("/v1/stores/%s/events?after=%d&limit=%d", url.PathEscape(storeID), after, pageLimit), &p)
	return p.Items, err
}

// Sync asks how far HQ has a store's log.
func (c *HQClient) Sync(ctx context.Context, storeID string) (wire.StoreSync, error) {
	var s wire.StoreSync
	err := c.read(ctx, "/v1/stores/"+url.PathEscape(storeID)+"/sync", &s)
	return s, err
}

// Duplicates asks how many events this HQ has been sent since it was started that
// it had already, of all stores. No token is needed.
func (c *HQClient) Duplicates(ctx context.Context) (n int64, err error) {
	const duplicates = `tiem_events_received_total{result="duplicate"} `
	_, err = persist(ctx, readPatience, func(ctx context.Context) error {
		page, err := c.send(ctx, request{method: http.MethodGet, path: "/metrics"})
		if err != nil {
			return err
		}
		_, line, _ := strings.Cut(string(page), "\n"+duplicates)
		line, _, _ = strings.Cut(line, "\n")
		count, err := strconv.ParseFloat(line, 64)
		if err != nil {
			return fault.New(fault.Internal, "answer_unreadable", "HQ's /metrics has no number for %s", duplicates)
		}
		n = int64(count)
		return nil
	})
	return n, err
}

// knows asks whether the client's token speaks for the store.
func (c *HQClient) knows(ctx context.Context, storeID string) (bool, error) {
	_, err := c.Sync(ctx, storeID)
	switch statusOf(err) {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return false, nil
	}
	return err == nil, err
}
