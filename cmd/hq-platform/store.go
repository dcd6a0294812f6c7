package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/fleet"
	"tiem/internal/program"
)

type storeCommands struct {
	Add  storeAddCommand  `cmd:"" help:"Register a store and print its token, once."`
	List storeListCommand `cmd:"" help:"List the stores and how far HQ has their logs."`
}

type storeAddCommand struct {
	ID     string `name:"id" required:"" help:"The store's id: 1 to 16 letters and digits."`
	Name   string `name:"name" help:"The store's name; needed unless --rotate."`
	Rotate bool   `name:"rotate" help:"Issue a new token to a store that is there; the old one stops working."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run registers the store, or issues its new token.
func (c *storeAddCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	if c.Name == "" && !c.Rotate {
		return fault.New(fault.Usage, "usage", "--name is missing").Advise("hq-platform store add --id S1 --name \"Nguyễn Trãi\"")
	}
	return attached(ctx, cfg, func(app *hq.App) error {
		token, err := c.issue(ctx, app.Fleet)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]string{"store_id": c.ID, "token": token})
		}
		_, err = fmt.Fprintf(stdout, "store  %s\ntoken  %s\nKeep the token (STORE_TOKEN of the store edge): it is not shown again.\n", c.ID, token)
		return err
	})
}

func (c *storeAddCommand) issue(ctx context.Context, stores *fleet.Fleet) (string, error) {
	if c.Rotate {
		return stores.Rotate(ctx, c.ID)
	}
	return stores.Add(ctx, c.ID, c.Name)
}

type storeListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists all stores.
func (c *storeListCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	return revisited(ctx, cfg, func(app *hq.App) error {
		stores, err := app.Fleet.List(ctx, "", math.MaxInt32)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]any{"items": stores})
		}
		rows := make([][]string, len(stores))
		for i, s := range stores {
			rows[i] = []string{
				s.StoreID, strconv.FormatInt(s.Epoch, 10), strconv.FormatInt(s.ReceivedUpto, 10), s.ChainHash.String()[:12],
				strconv.FormatInt(s.Quarantined, 10), program.When(s.LastSeen), s.Name,
			}
		}
		return program.PrintTable(stdout, "STORE EPOCH RECEIVED_UPTO CHAIN_HASH QUARANTINED LAST_SEEN NAME", rows)
	})
}
