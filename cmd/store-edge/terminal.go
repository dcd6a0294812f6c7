package main

import (
	"context"
	"fmt"
	"io"

	"tiem/internal/edge"
	"tiem/internal/edge/till"
	"tiem/internal/program"
)

type terminalCommands struct {
	Add    terminalAddCommand    `cmd:"" help:"Register a till and print its token, once."`
	Pair   terminalPairCommand   `cmd:"" help:"Print a pairing code that lets a till in, once."`
	Revoke terminalRevokeCommand `cmd:"" help:"Take a till's token away: stolen, lost or broken."`
	List   terminalListCommand   `cmd:"" help:"List the tills."`
}

type terminalAddCommand struct {
	ID     string `name:"id" required:"" help:"The till's id: 1 to 16 letters and digits. It stands in receipt numbers."`
	Name   string `name:"name" help:"What people call it, up to 60 characters; its id if absent."`
	Rotate bool   `name:"rotate" help:"Give a till that is there a new token; the old one stops working."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help is shown by terminal add --help.
func (*terminalAddCommand) Help() string {
	return `Example:
  store-edge terminal add --id T1 --name "Till 1"

The token goes into the till by hand: every call of the till carries it. To let a till in without handling
its token, use terminal pair.

--rotate is for a token that leaked: the old one stops working at once, whoever is signed in there signs in
again, and the till's baskets and receipt numbers go on. It also brings a revoked till back.`
}

// Run registers the till, or issues its new token.
func (c *terminalAddCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
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

type terminalPairCommand struct {
	ID   string `name:"id" required:"" help:"The till's id: a new one, or one that is there."`
	Name string `name:"name" help:"What people call a new till, up to 60 characters; its id if absent."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is shown by terminal pair --help.
func (*terminalPairCommand) Help() string {
	return `Example:
  store-edge terminal pair --id T6 --name "Till 6"

Type the code into the till within ten minutes; it is good once, and the till gets its token by itself
(POST /v1/terminals). A manager who is signed in at a till can make a code, too (POST /v1/pairing-codes).

For a till that is there, pairing replaces its token: until the code is used nothing changes, and then the
old token stops working. A revoked till comes back. Baskets and receipt numbers go on.`
}

// Run makes the code.
func (c *terminalPairCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		code, err := app.Terminals.MakeCode(ctx, till.Pairing{TerminalID: c.ID, Name: c.Name})
		if err != nil {
			return err
		}
		if c.JSON {
			return program.PrintJSON(stdout, map[string]any{"terminal_id": c.ID, "code": code.Text, "expires_at": code.ExpiresAt})
		}
		_, err = fmt.Fprintf(stdout, "terminal  %s\ncode      %s\nGood once, until %s.\n", c.ID, code.Text, program.When(&code.ExpiresAt))
		return err
	})
}

type terminalRevokeCommand struct {
	ID string `name:"id" required:"" help:"The till's id."`
}

// Help is shown by terminal revoke --help.
func (*terminalRevokeCommand) Help() string {
	return `Example:
  store-edge terminal revoke --id T3

From now on every call with the till's token is refused (401 token_invalid), and whoever was signed in there
is not any more. Its receipts stay, and its open baskets are resumed at any other till. To bring it back:
terminal pair, or terminal add --rotate. Revoking twice is harmless.`
}

// Run revokes.
func (c *terminalRevokeCommand) Run(ctx context.Context, cfg *edge.Config, stdout io.Writer) error {
	return attached(ctx, cfg, true, func(app *edge.App) error {
		if err := app.Terminals.Revoke(ctx, c.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "terminal %s is revoked: its token is worth nothing any more\n", c.ID)
		return err
	})
}

type terminalListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown by terminal list --help.
func (*terminalListCommand) Help() string {
	return "Tokens are never shown: the edge keeps their hashes only. REVOKED says since when a till is shut out."
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
