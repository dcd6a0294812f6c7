package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/stockroom"
)

func (a *api) registerCatalog(d *door.Door) {
	tags := []string{"Catalogue and stock"}
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "list-items", Method: http.MethodGet, Path: "/v1/catalog/items", Tags: tags,
		Summary: "Search what is sold", Description: "Words are found without regard to case and diacritics: `nuoc suoi` finds «Nước suối».",
	}), a.listItems)
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "list-inventory", Method: http.MethodGet, Path: "/v1/inventory", Tags: tags,
		Summary: "What is on the shelves", Description: "Stock may be negative; `short` then asks for a count.",
	}), a.listInventory)
}

// ListInput is a page of a list of items.
type ListInput struct {
	door.Page
	Barcode string `query:"barcode" maxLength:"64" doc:"only what a scan of this code could mean"`
	After   string `query:"after" maxLength:"40" doc:"go on behind this sku: next of the page before"`
}

type itemsInput struct {
	ListInput
	Q string `query:"q" maxLength:"100" doc:"words of the name, sku or category"`
}

type itemsOutput struct {
	Body struct {
		Items []catalog.Listing `json:"items"`
		Next  string            `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listItems(ctx context.Context, in *itemsInput) (*itemsOutput, error) {
	rows, err := a.Catalog.Search(ctx, in.Q, in.Barcode, in.After, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &itemsOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, rows, func(item *catalog.Listing) string { return item.SKU })
	return out, nil
}

type inventoryOutput struct {
	Body struct {
		Items []stockroom.Level `json:"items"`
		Next  string            `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listInventory(ctx context.Context, in *ListInput) (*inventoryOutput, error) {
	ids, err := a.Catalog.IDs(ctx, in.Barcode)
	if err != nil {
		return nil, err
	}
	rows, err := a.Stock.List(ctx, in.Barcode, ids, in.After, in.Lookahead())
	if err != nil {
		return nil, err
	}
	out := &inventoryOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, rows, func(level *stockroom.Level) string { return level.SKU })
	return out, nil
}
