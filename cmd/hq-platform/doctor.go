package main

import (
	"context"
	"io"

	"tiem/internal/hq"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown by doctor --help.
func (*doctorCommand) Help() string {
	return `Looks at the settings, the data directory, PostgreSQL, the disk, the clock, the stores' logs and the quarantine.
Each check is ok, warn (look at it) or fail (act), with what was found and what to do. Exit code 1 if one failed.

It changes nothing. It uses the PostgreSQL that serve runs; if none runs and there is data, it starts it and stops it again.
docs/operations.md says what each check means.`
}

// Run examines; a check that failed is exit code 1.
func (c *doctorCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	return hq.Doctor(ctx, *cfg, cfg.Log.Quiet().Logger()).Print(stdout, c.JSON)
}
