package main

import (
	"context"
	"fmt"
	"io"

	"tiem/internal/edge"
	"tiem/internal/edge/staff"
	"tiem/internal/program"
)

type terminalCommands struct {
	Add  terminalAddCommand  `cmd:"" help:"Register a till and print its token, once."`
	List terminalListCommand `cmd:"" help:"List the tills."`
}

type terminalAddCommand struct {
	ID     string `name:"id" required:"" help:"The till's id: 1 to 16 letters and digits. It stands in receipt numbers."`
	Name   string `name:"name" help:"What people call it; its id if absent."`
	Rotate bool   `name:"rotate" help:"Give a till that is there a new token; the old one stops working."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run registers the till, or issues its new token.
func (c *terminalAddCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		if c.Name == "" {
			c.Name = c.ID
		}
		token, err := app.Terminals.Add(ctx, c.ID, c.Name, c.Rotate)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]string{"terminal_id": c.ID, "token": token})
		}
		_, err = fmt.Fprintf(stdout, "terminal  %s\ntoken     %s\nKeep the token in the till: it is not shown again.\n", c.ID, token)
		return err
	})
}

type terminalListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists all tills.
func (c *terminalListCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, false, func(app *edge.App) error {
		list, err := app.Terminals.List(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]any{"items": list})
		}
		rows := make([][]string, len(list))
		for i, t := range list {
			rows[i] = []string{t.ID, t.Name, program.When(&t.CreatedAt), program.When(t.RevokedAt)}
		}
		return program.PrintTable(stdout, "TERMINAL NAME ADDED REVOKED", rows)
	})
}

type staffCommands struct {
	Add  staffAddCommand  `cmd:"" help:"Add a person and print their token, once."`
	List staffListCommand `cmd:"" help:"List the people."`
}

type staffAddCommand struct {
	ID   string `name:"id" required:"" help:"The person's id: 1 to 16 letters and digits. It stands on everything they do."`
	Name string `name:"name" required:"" help:"The person's name."`
	Role string `name:"role" default:"cashier" enum:"cashier,manager" help:"cashier or manager."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run adds the person.
func (c *staffAddCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		token, err := app.People.Add(ctx, c.ID, c.Name, staff.Role(c.Role))
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]string{"cashier_id": c.ID, "role": c.Role, "token": token})
		}
		_, err = fmt.Fprintf(stdout, "%-8s  %s\ntoken     %s\nIt is not shown again.\n", c.Role, c.ID, token)
		return err
	})
}

type staffListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
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
			rows[i] = []string{p.ID, string(p.Role), p.Name, program.When(&p.CreatedAt), program.When(p.DisabledAt)}
		}
		return program.PrintTable(stdout, "CASHIER ROLE NAME ADDED DISABLED", rows)
	})
}
