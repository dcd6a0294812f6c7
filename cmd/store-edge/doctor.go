package main

import (
	"context"
	"io"

	"tiem/internal/edge"
	"tiem/internal/fault"
)

type doctorCommand struct {
	JSON   bool  `name:"json" help:"Print JSON."`
	Full   bool  `name:"full" help:"Verify every event of the outbox, not only the newest."`
	Events int64 `name:"events" default:"10000" help:"How many of the newest events to verify, 1 or more."`
}

// Help is shown by doctor --help.
func (*doctorCommand) Help() string {
	return `Looks at the settings, the data directory, PostgreSQL, the disk, the clock, the line to HQ and the log of events.
Each check is ok, warn (look at it) or fail (act), with what was found and what to do. Exit code 1 if one failed.

It changes nothing. It uses the PostgreSQL that serve runs; if none runs and there is data, it starts it and stops it again.
docs/operations.md says what each check means.`
}

// Run examines; a check that failed is exit code 1.
func (c *doctorCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	if c.Events < 1 {
		return fault.New(fault.Usage, "usage", "is not 1 or more").At("--events").Advise("--full verifies every event")
	}
	newest := c.Events
	if c.Full {
		newest = 0
	}
	return edge.Doctor(ctx, *cfg, cfg.Log.Quiet().Logger(), newest).Print(stdout, c.JSON)
}
