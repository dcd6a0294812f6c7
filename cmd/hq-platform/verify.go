package main

import (
	"context"
	"fmt"
	"io"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/audit"
	"tiem/internal/program"
)

type verifyCommand struct {
	Store string `name:"store" required:"" help:"The store's id."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run verifies one store; the first bad row makes the exit code 1.
func (c *verifyCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	return revisited(ctx, cfg, func(app *hq.App) error {
		report, err := audit.Verify(ctx, app.DB, c.Store)
		if err != nil {
			return err
		}
		if c.JSON {
			err = program.PrintJSON(stdout, report)
		} else {
			_, err = fmt.Fprintf(stdout, "store %s: %d events to %s, %d sales of %s, %d payments, %d voided, %d items in stock (%d drift), %d set aside\n",
				c.Store, report.Events, report.ChainHash, report.Sales, report.Total, report.Payments, report.Voids, report.Items, report.Drifting, report.SetAside)
		}
		if err == nil && report.Bad != nil {
			err = fault.New(fault.Conflict, "verify_failed", "%s: %s", report.Bad.Row, report.Bad.Message)
		}
		return err
	})
}
