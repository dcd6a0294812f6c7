package main

import (
	"context"
	"fmt"
	"io"

	"tiem/internal/edge"
	"tiem/internal/edge/staff"
	"tiem/internal/program"
)

type staffCommands struct {
	Add      staffAddCommand      `cmd:"" help:"Add a person and print their PIN, once."`
	Disable  staffDisableCommand  `cmd:"" help:"Keep a person from everything, at once."`
	Enable   staffEnableCommand   `cmd:"" help:"Let a disabled person back in."`
	ResetPIN staffResetPINCommand `cmd:"" name:"reset-pin" help:"Give a person a new PIN and print it, once."`
	List     staffListCommand     `cmd:"" help:"List the people."`
}

type staffAddCommand struct {
	ID   string `name:"id" required:"" help:"The person's id: 1 to 16 letters and digits. It stands on everything they do."`
	Name string `name:"name" required:"" help:"The person's name, up to 60 characters."`
	Role string `name:"role" default:"cashier" enum:"cashier,manager" help:"cashier or manager."`
	PIN  string `name:"pin" help:"Their PIN, 4 to 8 digits; a random one if absent. It is seen in the shell's history."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is shown by staff add --help.
func (*staffAddCommand) Help() string {
	return `Examples:
  store-edge staff add --id C7 --name "Nguyễn Thị Lan"
  store-edge staff add --id M2 --name "Trần Minh" --role manager

Give the PIN to the person: with their id and the PIN they sign in at any till. It is not shown again;
staff reset-pin makes another one. Nobody is ever deleted, because their id stands on what they sold.

A cashier sells. A manager also discounts, overrides prices, voids other people's baskets, lets tills in,
reads the audit log, and stands for a cashier with their PIN. docs/operations.md has the table.`
}

// Run adds the person.
func (c *staffAddCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		pin, err := c.add(ctx, app.People)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]string{"cashier_id": c.ID, "role": c.Role, "pin": pin})
		}
		_, err = fmt.Fprintf(stdout, "%-8s  %s\nPIN       %s\nIt is not shown again.\n", c.Role, c.ID, pin)
		return err
	})
}

func (c *staffAddCommand) add(ctx context.Context, people *staff.People) (pin string, err error) {
	if c.PIN == "" {
		return people.Add(ctx, c.ID, c.Name, staff.Role(c.Role))
	}
	return c.PIN, people.AddWithPIN(ctx, c.ID, c.Name, staff.Role(c.Role), c.PIN)
}

type staffDisableCommand struct {
	ID string `name:"id" required:"" help:"The person's id."`
}

// Help is shown by staff disable --help.
func (*staffDisableCommand) Help() string {
	return `Example:
  store-edge staff disable --id C7

Their next call is refused (403 cashier_disabled), also in the middle of a sale: the basket is kept, and
somebody else signs in and goes on with it. What they did stays. staff enable takes it back.`
}

// Run disables.
func (c *staffDisableCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		if err := app.People.Disable(ctx, c.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "%s may not act here any more\n", c.ID)
		return err
	})
}

type staffEnableCommand struct {
	ID string `name:"id" required:"" help:"The person's id."`
}

// Help is shown by staff enable --help.
func (*staffEnableCommand) Help() string {
	return `Example:
  store-edge staff enable --id C7

The person may act again, with the PIN that they had; staff reset-pin gives a new one.`
}

// Run enables.
func (c *staffEnableCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		if err := app.People.Enable(ctx, c.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "%s may act here\n", c.ID)
		return err
	})
}

type staffResetPINCommand struct {
	ID   string `name:"id" required:"" help:"The person's id."`
	PIN  string `name:"pin" help:"The new PIN, 4 to 8 digits; a random one if absent. It is seen in the shell's history."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is shown by staff reset-pin --help.
func (*staffResetPINCommand) Help() string {
	return `Example:
  store-edge staff reset-pin --id C7

For a PIN that was forgotten, that somebody else knows, or that was never given (people who were added by a
version without PINs). The old PIN stops working, wherever they are signed in they sign in again, and a
pause after wrong PINs is over. Baskets are kept.`
}

// Run gives the new PIN.
func (c *staffResetPINCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		pin, err := app.People.ResetPIN(ctx, c.ID, c.PIN)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]string{"cashier_id": c.ID, "pin": pin})
		}
		_, err = fmt.Fprintf(stdout, "person    %s\nPIN       %s\nIt is not shown again.\n", c.ID, pin)
		return err
	})
}

type staffListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown by staff list --help.
func (*staffListCommand) Help() string {
	return "PIN says whether somebody has one; without, nobody can sign in as them: staff reset-pin. PINs are never shown."
}

// Run lists all people.
func (c *staffListCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, false, func(app *edge.App) error {
		list, err := app.People.List(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]any{"items": list})
		}
		rows := make([][]string, len(list))
		for i, p := range list {
			pin := "no"
			if p.HasPIN {
				pin = "yes"
			}
			rows[i] = []string{p.ID, string(p.Role), p.Name, pin, program.When(&p.CreatedAt), program.When(p.DisabledAt)}
		}
		return program.PrintTable(stdout, "CASHIER ROLE NAME PIN ADDED DISABLED", rows)
	})
}
