package main

import (
	"context"
	"fmt"
	"io"

	"tiem/internal/hq"
	"tiem/internal/hq/projection"
	"tiem/internal/program"
)

type rebuildCommand struct {
	Store string `name:"store" required:"" help:"The store's id."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run rebuilds one store; its intake waits meanwhile.
func (c *rebuildCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	return revisited(ctx, cfg, func(app *hq.App) error {
		done, err := projection.Rebuild(ctx, app.DB, c.Store)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, done)
		}
		_, err = fmt.Fprintf(stdout, "store %s: rebuilt from %d events, %d of them set aside\n", c.Store, done.Events, done.SetAside)
		return err
	})
}
