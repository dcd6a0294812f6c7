package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"

	"tiem/internal/edge"
	"tiem/internal/edge/audit"
	"tiem/internal/program"
)

type auditCommands struct {
	List auditListCommand `cmd:"" help:"List who did what, and who stood for it."`
}

type auditListCommand struct {
	After int64 `name:"after" default:"0" help:"Begin behind this id."`
	JSON  bool  `name:"json" help:"Print one JSON object a line, with every field."`
}

// Help is shown by audit list --help.
func (*auditListCommand) Help() string {
	return `Examples:
  store-edge audit list
  store-edge audit list --json --after 1200

Sign-ins and wrong PINs, approvals, voids, discounts and price overrides, and changes of staff and tills.
BY is who was signed in ("-": nobody, such as this command line), APPROVED whose PIN stood for it.
The log is append-only: the database refuses to change or delete an entry.`
}

// auditFormat has fixed widths: the log may be long, and is printed as it is read.
const auditFormat = "%-8s  %-19s  %-8s  %-8s  %-8s  %-22s  %-36s  %s\n"

// Run lists entries in id order.
func (c *auditListCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, false, func(app *edge.App) error {
		if !c.JSON {
			fmt.Fprintf(stdout, auditFormat, "ID", "AT", "TERMINAL", "BY", "APPROVED", "ACTION", "SUBJECT", "REASON")
		}
		for after := c.After; ; {
			entries, err := audit.List(ctx, app.DB, after, listPage)
			if err != nil {
				return err
			}
			for i := range entries {
				if err := c.print(stdout, &entries[i]); err != nil {
					return err
				}
				after = entries[i].ID
			}
			if len(entries) < listPage {
				return nil
			}
		}
	})
}

func (c *auditListCommand) print(stdout io.Writer, e *audit.Record) error {
	if c.JSON {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "%s\n", line)
		return err
	}
	orDash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	_, err := fmt.Fprintf(stdout, auditFormat, strconv.FormatInt(e.ID, 10), program.When(&e.At), orDash(e.TerminalID), orDash(e.CashierID), orDash(e.ApprovedBy),
		string(e.Action), orDash(e.Subject), e.Reason)
	return err
}
