package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tiem/internal/postgres"
)

// figure is a contest's result as it is kept in docs/benchmarks.json, from which
// the table and the chart are made.
type figure struct {
	Contest  string    `json:"contest"`
	Unit     string    `json:"unit"`
	Per      string    `json:"per,omitzero"`     // what Ours and Floor are for: empty is a second
	Bar      float64   `json:"bar"`              // 0: nothing was promised
	AtMost   bool      `json:"at_most,omitzero"` // the bar is not to be exceeded; else it is to be reached
	Ratios   []float64 `json:"ratios"`           // ours / floor, round by round
	Ours     float64   `json:"ours_per_second"`  // median
	Floor    float64   `json:"floor_per_second"` // median
	Program  float64   `json:"program_us"`       // processor time a unit, µs, ours
	Database float64   `json:"database_us"`
	Machine  string    `json:"machine"`
	Command  string    `json:"command"`
	Note     string    `json:"note,omitzero"` // what else was seen

	Latency *latencies `json:"latency,omitzero"` // of a ratio of latencies
}

// latencies are medians over the rounds.
type latencies struct {
	Ours  latency `json:"ours"`
	Floor latency `json:"floor"`

	// Of a race: at which rate, and who ours and the other one were.
	At       string `json:"at,omitzero"`
	OursWay  string `json:"ours_way,omitzero"`
	FloorWay string `json:"floor_way,omitzero"`
}

// raced is a row of the table of races.
type raced struct {
	at, way string
	took    latency
}

// races are the ways that raced, each once.
func races(figures []figure) (rows []raced) {
	add := func(r raced) {
		if !slices.ContainsFunc(rows, func(o raced) bool { return o.at == r.at && o.way == r.way }) {
			rows = append(rows, r)
		}
	}
	for _, f := range figures {
		if l := f.Latency; l != nil && l.At != "" {
			add(raced{l.At, l.OursWay, l.Ours})
		}
	}
	for _, f := range figures {
		if l := f.Latency; l != nil && l.At != "" {
			add(raced{l.At, l.FloorWay, l.Floor})
		}
	}
	slices.SortStableFunc(rows, func(a, b raced) int { return strings.Compare(a.at, b.at) })
	return rows
}

// merge replaces the figures of contests that were run again.
func merge(old, fresh []figure) []figure {
	for _, f := range fresh {
		if i := slices.IndexFunc(old, func(o figure) bool { return o.Contest == f.Contest }); i >= 0 {
			old[i] = f
		} else {
			old = append(old, f)
		}
	}
	return old
}

// publish writes figures into docs/: benchmarks.json, the table in
// benchmarks.md between its two marks, and the charts.
func publish(docs string, fresh []figure) error {
	path := filepath.Join(docs, "benchmarks.json")
	var figures []figure
	if data, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(data, &figures); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	figures = merge(figures, fresh)
	data, err := json.Marshal(figures, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err := write(path, append(data, '\n')); err != nil {
		return err
	}
	if err := write(filepath.Join(docs, "benchmarks.svg"), chart(figures)); err != nil {
		return err
	}
	if rows := races(figures); len(rows) > 0 {
		if err := write(filepath.Join(docs, "benchmarks-latency.svg"), raceChart(rows)); err != nil {
			return err
		}
	}
	return replaceTable(filepath.Join(docs, "benchmarks.md"), tableOf(figures))
}

func write(path string, data []byte) error { return os.WriteFile(path, data, 0o644) }

const (
	beginMark = "<!-- begin: written by make bench -->\n"
	endMark   = "<!-- end -->\n"
)

func replaceTable(path string, table []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(beginMark))
	_, after, ended := bytes.Cut(rest, []byte(endMark))
	if !ok || !ended {
		return fmt.Errorf("%s has lost its marks %q and %q", path, beginMark, endMark)
	}
	return write(path, slices.Concat(before, []byte(beginMark), table, []byte(endMark), after))
}

func tableOf(figures []figure) []byte {
	var b bytes.Buffer
	b.WriteString("| contest | ratio (spread) | bar | ours, a second (or as said) | floor or peer | processor time of ours: program, database |\n|---|---|---|---|---|---|\n")
	for _, f := range figures {
		fmt.Fprintf(&b, "| %s | **%.2f** (%.2f–%.2f) | %s | %s | %s | %.0f µs, %.0f µs |\n", f.Contest, median(f.Ratios),
			slices.Min(f.Ratios), slices.Max(f.Ratios), f.promise(), f.amount(f.Ours, f.Unit+f.Per), f.amount(f.Floor, ""), f.Program, f.Database)
	}
	writeRaces(&b, figures)
	writeLatencies(&b, figures)
	b.WriteString("\n")
	for _, line := range runs(figures) {
		b.WriteString("- " + line + "\n")
	}
	return b.Bytes()
}

// promise is what was promised of a figure, and whether that was kept.
func (f figure) promise() string {
	kept := f.reached()
	switch {
	case f.Bar == 0:
		return "none"
	case f.AtMost && kept:
		return fmt.Sprintf("%.2f, at most: kept", f.Bar)
	case f.AtMost:
		return fmt.Sprintf("%.2f, at most: **missed**", f.Bar)
	case kept:
		return fmt.Sprintf("%.2f, reached", f.Bar)
	}
	return fmt.Sprintf("%.2f, **missed**", f.Bar)
}

// amount writes a size with the digits that it deserves.
func (f figure) amount(v float64, unit string) string {
	digits := 0
	if v < 20 && v != math.Trunc(v) {
		digits = 2
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", digits, v, unit))
}

// writeLatencies is the table of what somebody waits for, if that was measured.
func writeLatencies(b *bytes.Buffer, figures []figure) {
	begun := false
	for _, f := range figures {
		if f.Latency == nil || f.Latency.At != "" {
			continue
		}
		if !begun {
			begun = true
			b.WriteString("\n| waiting time, ms | mean | p50 | p99 | mean of the other | p50 of the other | p99 of the other |\n|---|---|---|---|---|---|---|\n")
		}
		l := f.Latency
		fmt.Fprintf(b, "| %s | %s | %.2f | %.2f | %s | %.2f | %.2f |\n", f.Contest, meanOf(l.Ours), l.Ours.P50/1e3, l.Ours.P99/1e3,
			meanOf(l.Floor), l.Floor.P50/1e3, l.Floor.P99/1e3)
	}
}

// writeRaces is the table of how long a sale takes to be durable at HQ.
func writeRaces(b *bytes.Buffer, figures []figure) {
	for i, r := range races(figures) {
		if i == 0 {
			b.WriteString("\n| COMMIT → durable at HQ, ms | way | mean | p50 | p99 |\n|---|---|---|---|---|\n")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.2f | %.2f |\n", r.at, r.way, meanOf(r.took), r.took.P50/1e3, r.took.P99/1e3)
	}
}

// meanOf is the mean in milliseconds; figures of before it was kept have none.
func meanOf(l latency) string {
	if l.Mean == 0 {
		return "—"
	}
	return fmt.Sprintf("%.2f", l.Mean/1e3)
}

// runs tells on what and how the figures were measured, each way once.
func runs(figures []figure) []string {
	var lines []string
	for _, f := range figures {
		line := f.Machine + ". `" + f.Command + "`"
		if f.Note != "" {
			line += ". " + f.Note
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// reached tells whether the promise was kept, in the median of the rounds.
func (f figure) reached() bool {
	if f.AtMost && f.Bar > 0 {
		return median(f.Ratios) <= f.Bar
	}
	return median(f.Ratios) >= f.Bar
}

// machine says on what was measured.
func (m meter) machine(ctx context.Context) string {
	db, err := postgres.Open(ctx, m.servers[0].server.URL(), postgres.PoolConfig{MaxConns: 1})
	if err != nil {
		return machineOf(ctx, nil)
	}
	defer db.Close()
	return machineOf(ctx, db)
}

// machineOf is machine with the PostgreSQL of db.
func machineOf(ctx context.Context, db *postgres.DB) string {
	version := "?"
	if db != nil {
		_ = db.QueryRow(ctx, "select split_part(version(), ' ', 2)").Scan(&version) // a question mark will do
	}
	cpu := "?"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name\t: "); ok {
			cpu = strings.TrimSpace(name)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores (%s), %s/%s, %s, PostgreSQL %s", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), cpu, runtime.GOOS, runtime.GOARCH,
		runtime.Version(), version)
}
