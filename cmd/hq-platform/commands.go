package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"tiem/internal/hq"
	"tiem/internal/program"
)

const description = `HQ of a chain of shops: receives every sale of every store and can prove that it has them all.

Examples:
  hq-platform serve                                   listen, with a PostgreSQL of its own
  hq-platform store add --id S1 --name "Nguyễn Trãi"  register a store and print its token, once
  hq-platform quarantine list                         what could not be applied, and why
  hq-platform quarantine replay --store S1 17         try event 17 again, and what waits behind it
  hq-platform verify --store S1                       recompute the hash chain and every figure`

// commandLine is every command and flag; kong reads its tags.
type commandLine struct {
	Config hq.Config `embed:""`

	Serve      serveCommand      `cmd:"" help:"Listen for stores and scripts until interrupted."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database schema up to date."`
	Store      storeCommands     `cmd:"" help:"Register stores and list them."`
	Quarantine quarantineCommand `cmd:"" help:"List, show and replay events that could not be applied."`
	Rebuild    rebuildCommand    `cmd:"" help:"Make a store's tables again from its events."`
	Verify     verifyCommand     `cmd:"" help:"Recompute a store's hash chain, sums and tables; name the first bad row."`
	Doctor     doctorCommand     `cmd:"" help:"Examine HQ and say what is wrong and what to do."`

	Certificate certificateCommand `cmd:"" help:"Make a TLS certificate for trying out, and its authority."`

	Openapi openapiCommand  `cmd:"" help:"Print the API's OpenAPI document (YAML)."`
	Version program.Version `cmd:"" help:"Print the program's version."`
}

type serveCommand struct{}

// Run serves until ctx is done. To be told to stop while it starts is no failure.
func (serveCommand) Run(ctx context.Context, cfg *hq.Config) error {
	log := cfg.Log.Logger()
	flush, err := cfg.Trace.Start(ctx, "hq-platform", log)
	if err != nil {
		return err
	}
	defer flush()
	app, err := hq.Open(ctx, *cfg, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	return errors.Join(unlessStopped(ctx, app.Run(ctx)), app.Close())
}

// unlessStopped is err, but not if that is only that ctx ended.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

type migrateCommand struct{}

// Run migrates.
func (migrateCommand) Run(ctx context.Context, cfg *hq.Config, stdout io.Writer) error {
	if err := hq.Migrate(ctx, *cfg, cfg.Log.Quiet().Logger()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, "the schema is up to date")
	return err
}

type openapiCommand struct{}

// Run prints the document; it needs no database.
func (openapiCommand) Run(cfg *hq.Config, stdout io.Writer) error {
	document, err := hq.New(nil, *cfg, nil).OpenAPI()
	if err != nil {
		return err
	}
	_, err = stdout.Write(document)
	return err
}

// attached runs use on an App that is attached to the database, and closes it.
func attached(ctx context.Context, cfg *hq.Config, use func(app *hq.App) error) error {
	return using(ctx, cfg, hq.Attach, use)
}

// revisited is attached, but where there is no database it makes none.
func revisited(ctx context.Context, cfg *hq.Config, use func(app *hq.App) error) error {
	return using(ctx, cfg, hq.Revisit, use)
}

func using(ctx context.Context, cfg *hq.Config, connect func(context.Context, hq.Config, *slog.Logger) (*hq.App, error), use func(app *hq.App) error) error {
	app, err := connect(ctx, *cfg, cfg.Log.Quiet().Logger())
	if err != nil {
		return err
	}
	return errors.Join(use(app), app.Close())
}
