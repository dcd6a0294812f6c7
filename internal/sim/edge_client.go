package sim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// readPatience is how long a reader waits for a server that is starting again.
const readPatience = 15 * time.Second

// pageLimit is the longest page that both APIs give.
const pageLimit = 500

// EdgeClient reads from a store edge. It is safe for concurrent use.
type EdgeClient struct{ exchange }

// NewEdgeClient reads from the edge at base with a terminal's token.
func NewEdgeClient(base, token string) *EdgeClient {
	return &EdgeClient{newExchange("the edge", base, token)}
}

// Close gives idle connections back.
func (c *EdgeClient) Close() { c.close() }

// read is get with patience.
func (c *EdgeClient) read(ctx context.Context, path string, into any) error {
	_, err := persist(ctx, readPatience, func(ctx context.Context) error { return c.get(ctx, path, into) })
	return err
}

// EdgeStatus is the part of GET /v1/status that the simulation looks at.
type EdgeStatus struct {
	StoreID        string     `json:"store_id"`
	Connectivity   string     `json:"connectivity"`
	Since          *time.Time `json:"since"`           // nil: the edge does not say
	Protocol       string     `json:"protocol"`        // in use: http or grpc
	FallbackActive bool       `json:"fallback_active"` // grpc is wanted, and http is in use
	Head           int64      `json:"head"`
	Acked          int64      `json:"acked"`
	PendingEvents  int64      `json:"pending_events"`
}

// Status asks how the store is.
func (c *EdgeClient) Status(ctx context.Context) (EdgeStatus, error) {
	var s EdgeStatus
	err := c.read(ctx, "/v1/status", &s)
	return s, err
}

// page is a list of either API.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// OutboxEntry is a row of the edge's outbox: the envelope, and whether HQ has it.
type OutboxEntry struct {
	wire.Event

	PublishedAt     *time.Time `json:"published_at"`
	PublishAttempts int32      `json:"publish_attempts"`
	LastError       *string    `json:"last_error"`
}

// Outbox reads the events behind id after, at most pageLimit.
func (c *EdgeClient) Outbox(ctx context.Context, after int64) ([]OutboxEntry, error) {
	var p struct {
		Items []OutboxEntry `json:"items"`
	}
	err := c.read(ctx, fmt.Sprintf("/v1/outbox?state=all&after=%d&limit=%d", after, pageLimit), &p)
	return p.Items, err
}

// StockEntry is one item's stock at the edge, in thousandths of its unit.
type StockEntry struct {
	ItemID uuid.UUID     `json:"item_id"`
	SKU    string        `json:"sku"`
	OnHand sale.Quantity `json:"on_hand"`
}

// Inventory reads all of the stock.
func (c *EdgeClient) Inventory(ctx context.Context) ([]StockEntry, error) {
	return all[StockEntry](ctx, c, "/v1/inventory")
}

// Item is something that the store sells.
type Item struct {
	ItemID        uuid.UUID    `json:"item_id"`
	SKU           string       `json:"sku"`
	Name          string       `json:"name"`
	Unit          string       `json:"unit"`
	Barcodes      []string     `json:"barcodes"`
	Price         money.Amount `json:"price"` // minor units
	AgeRestricted bool         `json:"age_restricted"`
}

// Catalogue reads everything that the store sells.
func (c *EdgeClient) Catalogue(ctx context.Context) ([]Item, error) {
	return all[Item](ctx, c, "/v1/catalog/items")
}

// Transaction reads one basket.
func (c *EdgeClient) Transaction(ctx context.Context, id uuid.UUID) (*Basket, error) {
	var b Basket
	return &b, c.read(ctx, "/v1/transactions/"+id.String(), &b)
}

// OpenBasket is a basket that has not ended, as the edge's list of them has it.
type OpenBasket struct {
	ID         uuid.UUID   `json:"id"`
	TerminalID string      `json:"terminal_id"`
	Status     sale.Status `json:"status"` // DRAFT or SUSPENDED
}

// OpenBaskets reads all baskets that are neither paid nor voided.
func (c *EdgeClient) OpenBaskets(ctx context.Context) ([]OpenBasket, error) {
	return all[OpenBasket](ctx, c, "/v1/transactions")
}

// all reads every page of a list.
func all[T any](ctx context.Context, c *EdgeClient, path string) ([]T, error) {
	var items []T
	for after := ""; ; {
		var p page[T]
		query := url.Values{"limit": {fmt.Sprint(pageLimit)}}
		if after != "" {
			query.Set("after", after)
		}
		if err := c.read(ctx, path+"?"+query.Encode(), &p); err != nil {
			return nil, err
		}
		items = append(items, p.Items...)
		if p.Next == "" || p.Next == after || len(p.Items) == 0 {
			return items, nil
		}
		after = p.Next
	}
}

// knows asks whether the client's token is one of the edge's: of a transaction
// that cannot be there, a terminal learns that it is not, and a stranger that he
// is one.
func (c *EdgeClient) knows(ctx context.Context) (bool, error) {
	err := c.read(ctx, "/v1/transactions/"+uuid.Must(uuid.NewV7()).String(), nil)
	switch statusOf(err) {
	case http.StatusUnauthorized:
		return false, nil
	case http.StatusNotFound:
		return true, nil
	}
	return false, err
}
