package main

import (
	"fmt"
	"io"

	"tiem/internal/program"
	"tiem/internal/sim"
	"tiem/internal/sim/screen"
)

// printRun writes the summary for people.
func printRun(w io.Writer, r *sim.RunReport) {
	fmt.Fprintf(w, "\n%s, seed %d\n\n", r.Title, r.Seed)
	if len(r.Calls) > 0 {
		var rows [][]string
		for _, c := range r.Calls {
			rows = append(rows, []string{c.Call, fmt.Sprint(c.Count), fmt.Sprintf("%.1f", c.P50MS), fmt.Sprintf("%.1f", c.P95MS), fmt.Sprintf("%.1f", c.P99MS), fmt.Sprint(c.Failed)})
		}
		_ = program.PrintTable(w, "CALL COUNT P50_MS P95_MS P99_MS REFUSED", rows) // whoever does not read it does not miss it
		fmt.Fprintln(w)
	}
	for _, text := range r.Happened {
		fmt.Fprintf(w, "  %s\n", text)
	}
	fmt.Fprintf(w, "%d sales of %s đ paid and %d baskets given up in %.1f s (%.1f a second); %d requests, %d retries, the longest wait was %d ms\n",
		r.Sales, screen.Dong(r.Total), r.Voided, float64(r.TookMS)/1000, r.PerSecond, r.Tills.Requests, r.Tills.Retries, r.StallMS)
	fmt.Fprintf(w, "%s\n", r.Tills.Moves())
	proven := 0
	for _, s := range r.Stores {
		if s.Report == nil || !s.Report.OK {
			continue
		}
		proven++
		if len(r.Stores) == 1 {
			fmt.Fprintf(w, "edge = HQ, %d events in order, drained in %.1f s; A, C and D hold\n", s.Report.Figures.Events, float64(s.DrainMS)/1000)
			if s.Repeated > 0 {
				fmt.Fprintf(w, "  B holds: %d sales were finalized again and gave the same receipts\n", s.Repeated)
			}
			for _, a := range s.Audits {
				fmt.Fprintf(w, "  %s: %s\n", a.Command, a.Said)
			}
		}
	}
	if len(r.Stores) > 1 {
		fmt.Fprintf(w, "%d of %d shops: edge = HQ, every event in order; A, B, C and D hold\n", proven, len(r.Stores))
	}
	if len(r.Open) > 0 {
		fmt.Fprintf(w, "baskets that may be open still (resume or void them at a till):\n")
		for _, id := range r.Open {
			fmt.Fprintf(w, "  %s\n", id)
		}
	}
	if r.Dir != "" {
		fmt.Fprintf(w, "everything is left in %s\n", r.Dir)
	}
}
