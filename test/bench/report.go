package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
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
	Bar      float64   `json:"bar"`
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
// benchmarks.md between its two marks, and the chart benchmarks.svg.
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
	b.WriteString("| contest | ratio (spread) | bar | ours, a second | floor or peer | processor time of ours: program, database |\n|---|---|---|---|---|---|\n")
	for _, f := range figures {
		mark := "reached"
		if !f.reached() {
			mark = "**missed**"
		}
		if f.AtMost {
			mark = "at most: " + map[bool]string{true: "kept", false: "**missed**"}[f.reached()]
		}
		fmt.Fprintf(&b, "| %s | **%.2f** (%.2f–%.2f) | %.2f, %s | %.0f %s | %.0f | %.0f µs, %.0f µs |\n", f.Contest, median(f.Ratios),
			slices.Min(f.Ratios), slices.Max(f.Ratios), f.Bar, mark, f.Ours, f.Unit, f.Floor, f.Program, f.Database)
	}
	writeLatencies(&b, figures)
	b.WriteString("\n")
	for _, line := range runs(figures) {
		b.WriteString("- " + line + "\n")
	}
	return b.Bytes()
}

// writeLatencies is the table of what a till waits for, if that was measured.
func writeLatencies(b *bytes.Buffer, figures []figure) {
	begun := false
	for _, f := range figures {
		if f.Latency == nil {
			continue
		}
		if !begun {
			begun = true
			b.WriteString("\n| what a till waits for, ms | p50 | p99 | p50 of the other | p99 of the other |\n|---|---|---|---|---|\n")
		}
		l := f.Latency
		fmt.Fprintf(b, "| %s | %.2f | %.2f | %.2f | %.2f |\n", f.Contest, l.Ours.P50/1e3, l.Ours.P99/1e3, l.Floor.P50/1e3, l.Floor.P99/1e3)
	}
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
	if f.AtMost {
		return median(f.Ratios) <= f.Bar
	}
	return median(f.Ratios) >= f.Bar
}

// The chart's measures, in pixels.
const (
	labelWidth = 430
	barWidth   = 360 // of ratio fullScale
	rowHeight  = 26
	fullScale  = 1.5
)

// chart draws each ratio as a bar, its spread as a line and its promise as a tick.
func chart(figures []figure) []byte {
	var b bytes.Buffer
	height := rowHeight*len(figures) + 40
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", labelWidth+barWidth+60, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	at := func(ratio float64) float64 { return labelWidth + min(ratio, fullScale)/fullScale*barWidth }
	for i, f := range figures {
		y := i*rowHeight + 8
		colour := "#2b8a3e"
		if !f.reached() {
			colour = "#c92a2a"
		}
		m := median(f.Ratios)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-8, y+14, html.EscapeString(f.Contest))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="16" fill="%s" opacity="0.75"/>`+"\n", labelWidth, y+2, at(m)-labelWidth, colour)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#222"/>`+"\n", at(slices.Min(f.Ratios)), y+10, at(slices.Max(f.Ratios)), y+10)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#111" stroke-width="3"/>`+"\n", at(f.Bar), y, at(f.Bar), y+20)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`+"\n", at(max(m, slices.Max(f.Ratios), f.Bar))+6, y+14, m)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#555">Bar: median of ours / floor or peer. Thin line: spread. Thick tick: the promise.</text>`+"\n</svg>\n", 12, height-12)
	return b.Bytes()
}

// machine says on what was measured.
func (m meter) machine(ctx context.Context) string {
	db, err := postgres.Open(ctx, m[0].server.URL(), postgres.PoolConfig{MaxConns: 1})
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
