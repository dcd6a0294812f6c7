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
	barWidth   = 360 // of ratio fullScale
	rowHeight  = 26
	fullScale  = 2.5
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
		if f.Bar > 0 {
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#111" stroke-width="3"/>`+"\n", at(f.Bar), y, at(f.Bar), y+20)
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`+"\n", at(max(m, slices.Max(f.Ratios), f.Bar))+6, y+14, m)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="#555">Bar: median of ours / floor or peer. Thin line: spread. Thick tick: the promise.</text>`+"\n</svg>\n", 12, height-12)
	return b.Bytes()
}
