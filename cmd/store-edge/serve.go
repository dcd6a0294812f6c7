package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tiem/internal/edge"
	"tiem/internal/trace"
)

type serveCommand struct{}

// Run serves until ctx is done.
func (serveCommand) Run(ctx context.Context, cfg *edge.Config) error {
	log := cfg.Log.Logger()
	flush, err := cfg.Trace.Start(ctx, "store-edge", log, trace.Store(cfg.StoreID))
	if err != nil {
		return err
	}
	defer flush()
	app, err := edge.Open(ctx, *cfg, log)
	if err != nil {
		return err
	}
	return errors.Join(app.Run(ctx), app.Close())
}

type migrateCommand struct{}

// Run migrates.
func (migrateCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	if err := edge.Migrate(ctx, *cfg, cfg.Log.Quiet().Logger()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, "the schema is up to date")
	return err
}

type openapiCommand struct{}

// Run prints the document, demo calls included; it needs no database.
func (openapiCommand) Run(cfg *edge.Config, stdout io.Writer) error {
	offline := *cfg
	offline.HQURL, offline.Demo = "", true
	app, err := edge.New(nil, offline, nil)
	if err != nil {
		return err
	}
	document, err := app.OpenAPI()
	if err != nil {
		return err
	}
	_, err = stdout.Write(document)
	return err
}

// attached runs use on an App that is attached to the database, and closes it.
// A command that writes must know its store.
func attached(ctx context.Context, cfg *edge.Config, writes bool, use func(app *edge.App) error) error {
	app, err := edge.Attach(ctx, *cfg, cfg.Log.Quiet().Logger(), writes)
	if err != nil {
		return err
	}
	return errors.Join(use(app), app.Close())
}
