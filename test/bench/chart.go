package main

import (
	"bytes"
	"fmt"
	"html"
	"slices"
)

// The chart's measures, in pixels.
const (
	labelWidth = 500
	barWidth   = 360 // of the largest ratio, or promise
	rowHeight  = 26
)

// chart draws each ratio as a bar, its spread as a line and its promise as a tick.
func chart(figures []figure) []byte {
	var b bytes.Buffer
	height := rowHeight*len(figures) + 40
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", labelWidth+barWidth+60, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	most := 1.0
	for _, f := range figures {
		most = max(most, slices.Max(f.Ratios), f.Bar)
	}
	at := func(ratio float64) float64 { return labelWidth + ratio/most*barWidth }
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
		if f.Bar > 0 {
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#111" stroke-width="3"/>`+"\n", at(f.Bar), y, at(f.Bar), y+20)
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`+"\n", at(max(m, slices.Max(f.Ratios), f.Bar))+6, y+14, m)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#555">Bar: median of ours / floor or peer. Thin line: spread. Thick tick: the promise.</text>`+"\n</svg>\n", 12, height-12)
	return b.Bytes()
}

// raceChart draws each way's median as a bar, its p99 as a line and its mean as a
// tick.
func raceChart(rows []raced) []byte {
	most := 0.0
	for _, r := range rows {
		most = max(most, r.took.P99, r.took.Mean)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", labelWidth+barWidth+170, rowHeight*len(rows)+40)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	at := func(us float64) float64 { return labelWidth + us/most*barWidth }
	for i, r := range rows {
		y := i*rowHeight + 8
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-8, y+14, html.EscapeString(r.at+": "+r.way))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="16" fill="%s" opacity="0.75"/>`+"\n", labelWidth, y+2, at(r.took.P50)-labelWidth, wayColours[r.way])
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%.1f" y2="%d" stroke="#222"/>`+"\n", labelWidth, y+10, at(r.took.P99), y+10)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#111" stroke-width="3"/>`+"\n", at(r.took.Mean), y+4, at(r.took.Mean), y+16)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f, p99 %.2f ms</text>`+"\n", at(max(r.took.P99, r.took.Mean))+6, y+14, r.took.P50/1e3, r.took.P99/1e3)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#555">From COMMIT at the shop to durable at HQ. Bar: p50. Thin line: p99. Tick: mean.</text>`+"\n</svg>\n", 12, rowHeight*len(rows)+28)
	return b.Bytes()
}

var wayColours = map[string]string{"gRPC": "#1864ab", "HTTP": "#e67700", "logical replication": "#868e96"}
