package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/quarantine"
	"tiem/internal/program"
)

type quarantineCommand struct {
	List   quarantineListCommand   `cmd:"" help:"List what could not be applied, and why."`
	Show   quarantineShowCommand   `cmd:"" help:"Show one event with its payload."`
	Replay quarantineReplayCommand `cmd:"" help:"Try an event again, and those that wait behind it."`
}

type quarantineListCommand struct {
	Store string `name:"store" help:"Only this store's."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run lists the quarantine.
func (c *quarantineListCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	return revisited(ctx, cfg, func(app *hq.App) error {
		items, err := app.Quarantine.List(ctx, quarantine.Page{Store: c.Store, Limit: math.MaxInt32})
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]any{"items": items})
		}
		return printItems(stdout, items)
	})
}

func printItems(stdout io.Writer, items []quarantine.Item) error {
	if len(items) == 0 {
		_, err := fmt.Fprintln(stdout, "nothing is set aside")
		return err
	}
	rows := make([][]string, len(items))
	for i, item := range items {
		rows[i] = []string{item.StoreID, strconv.FormatInt(item.ID, 10), item.Type, item.State, item.Code, item.Message}
	}
	return program.PrintTable(stdout, "STORE ID TYPE STATE CODE MESSAGE", rows)
}

type quarantineShowCommand struct {
	Store string `name:"store" required:"" help:"The store's id."`
	ID    int64  `arg:"" help:"The event's id in the store's log."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run shows one item.
func (c *quarantineShowCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	return revisited(ctx, cfg, func(app *hq.App) error {
		d, err := app.Quarantine.Show(ctx, c.Store, c.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, d)
		}
		_, err = fmt.Fprintf(stdout, "store      %s\nid         %d\nevent_id   %s\naggregate  %s\ntype       %s\nstate      %s\ncode       %s\nmessage    %s\n"+
			"attempts   %d, first %s, last %s\noccurred   %s (business date %s), received %s\npayload    %s\n",
			d.StoreID, d.ID, d.EventID, d.AggregateID, d.Type, d.State, d.Code, d.Message,
			d.Attempts, program.When(&d.FirstSeen), program.When(&d.LastTried), program.When(&d.OccurredAt), d.BusinessDate, program.When(&d.ReceivedAt), d.Payload)
		return err
	})
}

type quarantineReplayCommand struct {
	Store string `name:"store" required:"" help:"The store's id."`
	ID    int64  `arg:"" optional:"" help:"The event's id in the store's log."`
	All   bool   `name:"all" help:"Every quarantined event of the store, in order."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run replays; events that are refused again make the exit code 1.
func (c *quarantineReplayCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	if c.All == (c.ID != 0) {
		return fault.New(fault.Usage, "usage", "name one event, or --all")
	}
	return revisited(ctx, cfg, func(app *hq.App) error {
		result, err := c.replay(ctx, app.Quarantine)
		if err != nil {
			return err
		}
		if c.JSON {
			err = program.PrintJSON(stdout, result)
		} else {
			fmt.Fprintf(stdout, "%d applied, %d still set aside\n", result.Applied, len(result.Refused))
			if len(result.Refused) > 0 {
				err = printItems(stdout, result.Refused)
			}
		}
		if err == nil && len(result.Refused) > 0 {
			err = fault.New(fault.Conflict, "replay_refused", "%d events are still set aside", len(result.Refused))
		}
		return err
	})
}

func (c *quarantineReplayCommand) replay(ctx context.Context, q *quarantine.Quarantine) (quarantine.Result, error) {
	if c.All {
		return q.ReplayAll(ctx, c.Store)
	}
	return q.Replay(ctx, c.Store, c.ID)
}
