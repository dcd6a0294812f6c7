package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/sim"
)

type verifyCommand struct {
	target

	Wait time.Duration `name:"wait" default:"30s" help:"How long HQ may take to acknowledge what is pending."`
	Bin  string        `name:"bin" placeholder:"DIR" help:"Directory of hq-platform, which verifies HQ's own tables; by default that of this program, else ./bin."`
	JSON bool          `name:"json" help:"Print JSON."`
}

// Help explains what is checked.
func (*verifyCommand) Help() string {
	return `Waits until the edge has nothing pending, then walks along both logs:

  edge = HQ  the same ids, event ids, types and hashes; the chain is recomputed from the edge's envelopes
  A          each sale of the log stands at the edge as PAID with its receipt and lines, and once at HQ, applied;
             each basket that was given up as VOIDED; none is both
  C          Σ lines = total = Σ captured = Σ tendered − Σ change; opening + movements = stock; discounts and
             prices are what somebody gave, with a reason; no money for what was given up
  D          event ids and receipt numbers without a gap or a repeat

HQ's own tables are verified by hq-platform verify, if its database is on this machine (beside the env file,
or where HQ_DATA_DIR or HQ_DATABASE_URL say). Invariant B is for tills to see: pos-sim run and pos-sim chaos
repeat requests on purpose.

  pos-sim run --sales 500 && pos-sim verify
  pos-sim verify --json | jq .difference      the first difference: which event, what must be there, what is

You see what was counted and "edge = HQ", or the first difference: the invariant, the event, what must be there and
what is.

Exit codes: 0 edge = HQ, 1 a difference (it is named), or the shop sold all the while; 2 bad usage; 78 no such shop.`
}

// result is what verify prints as JSON.
type result struct {
	*sim.Report

	Problem string     `json:"problem,omitzero"`
	Audit   *sim.Audit `json:"audit,omitzero"`
}

// Run verifies.
func (c *verifyCommand) Run(ctx context.Context, stdout io.Writer) error {
	store, err := c.store()
	if err != nil {
		return err
	}
	r := result{}
	if r.Report, err = sim.VerifyStore(ctx, store, sim.VerifyOptions{Wait: c.Wait}); err == nil {
		r.Audit, err = c.audit(ctx, store)
	}
	if err != nil {
		r.Problem, r.OK = err.Error(), false
	}
	if c.JSON {
		return errors.Join(err, program.PrintJSON(stdout, r))
	}
	r.print(stdout)
	return err
}

func (c *verifyCommand) audit(ctx context.Context, store sim.Store) (*sim.Audit, error) {
	bin, err := sim.Programs(c.Bin)
	if err != nil {
		if c.Bin == "" {
			return &sim.Audit{Command: "hq-platform verify", Said: "not asked: " + fault.As(err).Message}, nil
		}
		return nil, err
	}
	a, err := sim.AuditHQ(ctx, bin, filepath.Join(filepath.Dir(c.Env), "hq"), store.StoreID, os.Environ())
	return &a, err
}

// print writes the summary for people.
func (r result) print(w io.Writer) {
	f := r.Figures
	fmt.Fprintf(w, "store %s, drained in %.1f s\n", r.StoreID, r.Drained.Seconds())
	if r.Pending > 0 {
		fmt.Fprintf(w, "  %d events are still pending\n", r.Pending)
	}
	if f.Events == 0 {
		return // nothing was compared: the error says why
	}
	fmt.Fprintf(w, "  events    %d (%s), head %s\n", f.Events, counts(f.PerType), f.Head)
	fmt.Fprintf(w, "  sales     %d with %d lines and %d payments\n", f.Sales, f.Lines, f.Payments)
	fmt.Fprintf(w, "  money     total %s = tendered %s − change %s, of it tax %s", f.Total, f.Tendered-f.OpenMoney, f.Change, f.Tax)
	if f.OpenMoney != 0 {
		fmt.Fprintf(w, "; %s captured for baskets that are open", f.OpenMoney)
	}
	fmt.Fprintf(w, "\n  favours   %s off, %d discounts and prices set\n  given up  %d baskets of %s", f.Discount, f.Overrides, f.Voids, f.VoidedTotal)
	fmt.Fprintf(w, "\n  stock     %d items moved, %d short\n  receipts  %s\n", f.Items, f.Short, counts(f.Receipts))
	if r.Audit != nil {
		fmt.Fprintf(w, "  HQ says   %s\n", r.Audit.Said)
	}
	if r.OK {
		fmt.Fprintln(w, "edge = HQ, event by event; A, C and D hold")
	}
}

// counts shows a map by its keys.
func counts(m map[string]int64) string {
	parts := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", key, m[key]))
	}
	return strings.Join(parts, ", ")
}
