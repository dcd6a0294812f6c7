package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/sim"
)

type runCommand struct {
	target

	Sales int    `name:"sales" default:"100" help:"Baskets to be paid; some more are given up."`
	Tills int    `name:"tills" default:"1"   help:"Tills that sell at once, 1 to 50. They share the one terminal of the env file."`
	Seed  uint64 `name:"seed"  default:"1"   help:"Of the shoppers: what they take, and how they pay."`
	JSON  bool   `name:"json"  help:"Print JSON."`
}

// Help explains what happens.
func (*runCommand) Help() string {
	return `Shoppers come to each till with mostly two or three items, pay cash or by a fake QR (EDGE_DEMO), change their
minds, and now and then a till repeats a request to see that it is harmless. A till that gets no answer
tries again for 30 seconds. HQ may be down: the shop sells without it.

  pos-sim run --sales 500 && pos-sim verify`
}

// sold is what a run prints.
type sold struct {
	Sales  int           `json:"sales"`
	Voided int           `json:"voided"`
	TookMS int64         `json:"took_ms"`
	Tills  sim.TillStats `json:"tills"`
	Stall  int64         `json:"longest_stall_ms"`
}

// Run sells.
func (c *runCommand) Run(ctx context.Context, stdout io.Writer) error {
	if c.Sales < 1 || c.Tills < 1 || c.Tills > 50 {
		return fault.New(fault.Usage, "usage", "--sales and --tills are at least 1, --tills at most 50")
	}
	store, err := c.store()
	if err != nil {
		return err
	}
	for len(store.Tills) < c.Tills {
		store.Tills = append(store.Tills, store.Tills[0])
	}
	begun := time.Now()
	ledger, err := sim.Play(ctx, store, sim.PlayOptions{Seed: c.Seed, Sales: c.Sales})
	took, stats := time.Since(begun), ledger.Stats()
	s := sold{len(ledger.Sales()), len(ledger.Voided()), took.Milliseconds(), stats, stats.Stall.Milliseconds()}
	if c.JSON {
		if printErr := program.PrintJSON(stdout, s); err == nil {
			err = printErr
		}
		return err
	}
	fmt.Fprintf(stdout, "%d sales paid and %d baskets given up in %.1f s (%.0f sales/s); %d requests, %d retries, the longest wait was %d ms\n",
		s.Sales, s.Voided, took.Seconds(), float64(s.Sales)/took.Seconds(), stats.Requests, stats.Retries, s.Stall)
	return err
}
