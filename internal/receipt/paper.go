package receipt

import "strings"

// paper is a receipt as far as it is written.
type paper struct{ strings.Builder }

func (p *paper) line(text string) {
	p.WriteString(text)
	p.WriteByte('\n')
}

// left writes text from the left edge, and as many lines of it as it needs.
func (p *paper) left(indent int, text string) {
	for _, line := range wrap(text, Width-indent) {
		p.line(strings.Repeat(" ", indent) + line)
	}
}

func (p *paper) center(text string) {
	for _, line := range wrap(text, Width) {
		p.line(strings.Repeat(" ", (Width-cells(line))/2) + line)
	}
}

func (p *paper) rule(with string) { p.line(strings.Repeat(with, Width)) }

// pair writes text at the left and a figure that ends at the right edge. Where
// they do not fit into one line, the figure gets a line of its own: a figure is
// never cut.
func (p *paper) pair(indent int, text, figure string) {
	lines := wrap(text, Width-indent)
	last := ""
	if n := len(lines); n > 0 && indent+cells(lines[n-1])+1+cells(figure) <= Width {
		lines, last = lines[:n-1], strings.Repeat(" ", indent)+lines[n-1]
	}
	for _, line := range lines {
		p.line(strings.Repeat(" ", indent) + line)
	}
	p.line(last + strings.Repeat(" ", max(0, Width-cells(last)-cells(figure))) + figure)
}
