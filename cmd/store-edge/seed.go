package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/program"
)

type seedCommand struct {
	File   string `name:"file" required:"" help:"The catalogue, a CSV in UTF-8; - reads standard input."`
	DryRun bool   `name:"dry-run" help:"Check everything and change nothing."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help explains the file.
func (*seedCommand) Help() string {
	return `The first row names the columns, in any order:
  sku, unit, barcodes (separated by |), name, price (whole đồng, no separators), tax_code, category,
  and, if wanted, price_source (observed or estimate), age_restricted (true or false), opening_stock.
Tax codes: STANDARD, EXCISE, REDUCED_5, ZERO, EXEMPT.
Problems are listed by row and column, and then nothing is changed; warnings do not stop the load.
Loading a file again changes names and prices; opening stock is only ever taken once per item.`
}

// Run loads the file.
func (c *seedCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return fault.Wrap(err, fault.Usage, "file_unreadable", "the file cannot be read").At("--file")
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	return attached(ctx, cfg, true, func(app *edge.App) error { return c.load(ctx, app, in, stdout) })
}

func (c *seedCommand) load(ctx context.Context, app *edge.App, in io.Reader, stdout io.Writer) error {
	codes, err := app.Loader.TaxCodes(ctx)
	if err != nil {
		return err
	}
	rows, problems, err := catalog.ReadCSV(in, codes)
	if err != nil {
		return err
	}
	if err := c.printProblems(stdout, problems, rows == nil); err != nil {
		return err
	}
	if rows == nil {
		return fault.New(fault.Invalid, "catalogue_invalid", "the file has errors; nothing was changed").Advise("mend the rows listed above")
	}
	done, err := app.Loader.Load(ctx, rows, c.DryRun)
	if err != nil {
		return err
	}
	if done.Events > 0 && !c.DryRun {
		if err := outbox.Announce(ctx, app.DB); err != nil {
			return err // the load stands; the relay finds it at its next poll, but the database is in trouble
		}
	}
	if c.JSON {
		return program.PrintJSON(stdout, struct {
			catalog.Loaded

			Problems []catalog.Problem `json:"problems,omitempty"`
		}{done, problems})
	}
	verb := "loaded"
	if c.DryRun {
		verb = "would load"
	}
	_, err = fmt.Fprintf(stdout, "%s %d items with %d barcodes; opening stock of %d items in %d events\n", verb, done.Items, done.Barcodes, done.Opened, done.Events)
	return err
}

// printProblems lists problems for people at once; in JSON they are part of the
// one answer, which is nothing but them if the file is refused.
func (c *seedCommand) printProblems(stdout io.Writer, problems []catalog.Problem, refused bool) error {
	if len(problems) == 0 || (c.JSON && !refused) {
		return nil
	}
	if c.JSON {
		return program.PrintJSON(stdout, map[string]any{"problems": problems})
	}
	rows := make([][]string, len(problems))
	for i, p := range problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		rows[i] = []string{strconv.Itoa(p.Line), p.Column, kind, p.Code, p.Message}
	}
	return program.PrintTable(stdout, "ROW COLUMN KIND CODE MESSAGE", rows)
}
