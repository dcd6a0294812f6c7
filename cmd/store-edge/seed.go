package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/program"
)

type seedCommand struct {
	File    string `name:"file" required:"" help:"The catalogue, a CSV in UTF-8; - reads standard input."`
	Format  string `name:"format" enum:"tiem,shop2015" default:"tiem" help:"What the file looks like: tiem or shop2015."`
	Units   string `name:"units" placeholder:"FILE" help:"shop2015: the units with their prices, a second CSV."`
	TaxCode string `name:"tax-code" placeholder:"CODE" help:"shop2015: the tax code of every item; STANDARD if not given."`
	DryRun  bool   `name:"dry-run" help:"Check everything and change nothing."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

const formatShop2015 = "shop2015"

// Help explains the files.
func (*seedCommand) Help() string {
	return `In the format tiem the first row names the columns, in any order:
  sku, unit, barcodes (separated by |), name, price (whole đồng, no separators), tax_code, category,
  and, if wanted, price_source (observed or estimate), age_restricted (true or false), opening_stock.
Tax codes: STANDARD, EXCISE, REDUCED_5, ZERO, EXEMPT.

In the format shop2015 there are two files, the tables of an older program:
  --file   products: id, barcode, name, deleted_flag, and, if wanted, type_id_as_stored, barcode_len, check_digit_ok
  --units  units:    price_id, product_id, parent_price_id, unit_name, qty_in_parent, price_vnd, and, if wanted, cumulative_factor
Each unit (a case, a pack) becomes an item with its own price and stock; the largest unit has the product's barcode.
They name no tax codes: --tax-code is every item's.

Problems are listed by row and column, and then nothing is changed; warnings do not stop the load.
Loading a file again changes names and prices; opening stock is only ever taken once per item.
docs/catalogue-formats.md has every column, problem and warning.`
}

// Run loads the file.
func (c *seedCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	file, err := open("--file", c.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	units := io.NopCloser(strings.NewReader(""))
	if c.Format == formatShop2015 {
		if units, err = open("--units", c.Units); err != nil {
			return err
		}
	}
	defer func() { _ = units.Close() }()
	return attached(ctx, cfg, true, func(app *edge.App) error { return c.load(ctx, app, file, units, stdout) })
}

// check refuses flags that do not go together.
func (c *seedCommand) check() error {
	switch {
	case c.Format == formatShop2015 && c.Units == "":
		return fault.New(fault.Usage, "units_missing", "the format shop2015 has two files").At("--units").Advise("name the file with the units and their prices")
	case c.Format == formatShop2015 && c.File == "-" && c.Units == "-":
		return fault.New(fault.Usage, "units_unreadable", "standard input is one file").At("--units").Advise("name a file for one of --file and --units")
	case c.Format != formatShop2015 && c.Units != "":
		return fault.New(fault.Usage, "units_unexpected", "the format %s has no second file", c.Format).At("--units")
	case c.Format != formatShop2015 && c.TaxCode != "":
		return fault.New(fault.Usage, "tax_code_unexpected", "in the format %s each row has its tax code", c.Format).At("--tax-code")
	}
	return nil
}

// open opens the file that a flag names.
func open(flag, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fault.Wrap(err, fault.Usage, "file_unreadable", "the file cannot be read").At(flag)
	}
	return file, nil
}

// read reads the catalogue in the format that was asked for.
func (c *seedCommand) read(ctx context.Context, app *edge.App, file, units io.Reader) ([]catalog.Row, []catalog.Problem, error) {
	codes, err := app.Loader.TaxCodes(ctx)
	if err != nil {
		return nil, nil, err
	}
	if c.Format != formatShop2015 {
		return catalog.ReadCSV(file, codes)
	}
	code := cmp.Or(c.TaxCode, catalog.DefaultTaxCode)
	if !slices.Contains(codes, code) {
		return nil, nil, fault.New(fault.Usage, "tax_code_unknown", "%.40q is none of %s", code, strings.Join(codes, ", ")).At("--tax-code")
	}
	return catalog.ReadShop2015(file, units, code)
}

func (c *seedCommand) load(ctx context.Context, app *edge.App, file, units io.Reader, stdout io.Writer) error {
	rows, problems, err := c.read(ctx, app, file, units)
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
	header := "ROW COLUMN KIND CODE MESSAGE"
	if c.Format == formatShop2015 {
		header = "FILE " + header
	}
	rows := make([][]string, len(problems))
	for i, p := range problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		rows[i] = []string{strconv.Itoa(p.Line), p.Column, kind, p.Code, p.Message}
		if c.Format == formatShop2015 {
			rows[i] = append([]string{p.File}, rows[i]...)
		}
	}
	return program.PrintTable(stdout, header, rows)
}
