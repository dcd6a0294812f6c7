package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/fault"
	"tiem/internal/hq/quarantine"
)

func (a *api) registerQuarantine(d *door.Door) {
	door.Register(d, a.forScripts(huma.Operation{
		OperationID: "list-quarantine", Method: http.MethodGet, Path: "/v1/quarantine", Tags: []string{"Quarantine"},
		Summary:     "List the events that HQ holds and could not apply",
		Description: "`hq-platform quarantine replay` tries them again.",
	}), a.listQuarantine)
}

type quarantineInput struct {
	door.Page

	StoreID string `query:"store_id" doc:"only this store's" maxLength:"16"`
	After   string `query:"after" doc:"next of the page before" maxLength:"40"`
}

type quarantineOutput struct {
	Body struct {
		Items []quarantine.Item `json:"items"`
		Next  string            `json:"next,omitempty" doc:"after of the next page; absent on the last"`
	}
}

func (a *api) listQuarantine(ctx context.Context, in *quarantineInput) (*quarantineOutput, error) {
	page := quarantine.Page{Store: in.StoreID, Limit: in.Rows() + 1}
	if in.After != "" {
		store, id, _ := strings.Cut(in.After, ":")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, "cursor_invalid", "after is not a cursor of this list").At("after")
		}
		page.AfterStore, page.AfterID = store, n
	}
	items, err := a.Quarantine.List(ctx, page)
	if err != nil {
		return nil, err
	}
	out := &quarantineOutput{}
	out.Body.Items, out.Body.Next = door.Cut(in.Page, items, func(last *quarantine.Item) string {
		return last.StoreID + ":" + strconv.FormatInt(last.ID, 10)
	})
	return out, nil
}
