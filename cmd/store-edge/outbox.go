package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"tiem/internal/edge"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/program"
)

type outboxCommands struct {
	List   outboxListCommand   `cmd:"" help:"List events: what happened, and whether HQ has it."`
	Verify outboxVerifyCommand `cmd:"" help:"Recompute the hash chain; name the first bad row."`
}

type outboxListCommand struct {
	State  string `name:"state" default:"all" enum:"pending,published,all" help:"pending, published or all."`
	Follow bool   `name:"follow" short:"f" help:"Go on with new events until interrupted."`
	JSON   bool   `name:"json" help:"Print one JSON object a line, with every field."`
	After  int64  `name:"after" default:"0" help:"Begin behind this id."`
}

const (
	listPage    = 500
	followEvery = 500 * time.Millisecond
)

// Run lists events in id order.
func (c *outboxListCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, false, func(app *edge.App) error {
		if !c.JSON {
			fmt.Fprintf(stdout, rowFormat, "ID", "TYPE", "OCCURRED", "TERMINAL", "PUBLISHED", "TRIES", "HASH", "LAST ERROR")
		}
		after := c.After
		for {
			entries, err := app.Outbox.List(ctx, app.DB, outbox.State(c.State), after, listPage)
			if err != nil {
				return err
			}
			for i := range entries {
				if err := c.print(stdout, &entries[i]); err != nil {
					return err
				}
				after = entries[i].ID
			}
			if len(entries) == listPage {
				continue
			}
			if !c.Follow {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(followEvery):
			}
		}
	})
}

// rowFormat has fixed widths, because with --follow nobody knows the rows to come.
const rowFormat = "%-8s  %-18s  %-19s  %-8s  %-19s  %5s  %-12s  %s\n"

func (c *outboxListCommand) print(stdout io.Writer, e *outbox.Entry) error {
	if c.JSON {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%s\n", line)
		return err
	}
	published, reason := "pending", ""
	if e.PublishedAt != nil {
		published = program.When(e.PublishedAt)
	}
	if e.LastError != nil {
		reason = *e.LastError
	}
	_, err := fmt.Fprintf(stdout, rowFormat, strconv.FormatInt(e.ID, 10), e.Type, program.When(&e.OccurredAt), e.TerminalID, published,
		strconv.Itoa(int(e.PublishAttempts)), e.Hash.String()[:12], reason)
	return err
}

type outboxVerifyCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run verifies; a bad row is exit code 1.
func (c *outboxVerifyCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, false, func(app *edge.App) error {
		report, err := app.Outbox.Verify(ctx, app.DB)
		if err != nil {
			return err
		}
		if c.JSON {
			err = program.PrintJSON(stdout, report)
		} else if report.BadID == 0 {
			_, err = fmt.Fprintf(stdout, "the outbox verifies: %d events, up to id %d, hash %s\n", report.Events, report.LastID, report.Hash)
		}
		if err == nil && report.BadID != 0 {
			err = fault.New(fault.Invalid, "chain_broken", "%s", report.Problem).
				Advise("%d events before it verify; see docs/sync-protocol.md", report.Events)
		}
		return err
	})
}
