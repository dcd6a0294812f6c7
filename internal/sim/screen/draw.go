package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tiem/internal/money"
	"tiem/internal/sim"
)

// The size of a picture.
const (
	Columns = 80
	Rows    = 24
)

// maxCalls and maxRows are how many calls, and tills or shops, have room.
const (
	maxCalls = 8
	maxRows  = 5
)

// paint is how a line, or its first word, is coloured.
type paint int

const (
	normal paint = iota
	strong
	good
	bad
	faint
)

// Line is one row of a picture.
type Line struct {
	Text  string
	paint paint
}

// Draw is a picture as rows.
func Draw(p sim.Picture) []Line {
	rows := append(head(p), calls(p)...)
	rows = append(rows, Line{})
	if len(p.Stores) > 1 {
		rows = append(rows, stores(p)...)
	} else {
		rows = append(rows, tills(p)...)
	}
	for len(rows) < Rows-2 {
		rows = append(rows, Line{})
	}
	rows = append(rows[:Rows-2], Line{p.News, strong}, Line{"Ctrl-C closes the shop: the tills end what they have begun.", faint})
	for i := range rows {
		rows[i].Text = cut(strings.TrimRight(rows[i].Text, " "))
	}
	return rows
}

func head(p sim.Picture) []Line {
	rows := []Line{
		{between(p.Title, clock(p)), strong},
		{},
		{fmt.Sprintf("sales   %s, %.1f a second, %s đ in all; %d given up", goal(p), p.PerSecond, Dong(p.Total), p.Voided), normal},
	}
	var pending, away int64
	for _, s := range p.Stores {
		pending += s.Pending
		if s.State != "ONLINE" {
			away++
		}
	}
	hq := Line{paint: good}
	switch {
	case len(p.Stores) == 1:
		hq.Text = "HQ      " + standing(p.Stores[0])
	default:
		hq.Text = fmt.Sprintf("HQ      %d of %d shops ONLINE", int64(len(p.Stores))-away, len(p.Stores))
	}
	if away > 0 {
		hq.paint = bad
	}
	hq.Text += fmt.Sprintf("; %d events pending", pending)
	line := Line{"line    " + p.Line, normal}
	if p.Line == "" {
		line.Text = "line    the shop's own"
	} else if p.Line != "whole" {
		line.paint = bad
	}
	return append(rows, hq, line, Line{})
}

func goal(p sim.Picture) string {
	if p.Goal > 0 {
		return fmt.Sprintf("%d of %d", p.Sales, p.Goal)
	}
	return fmt.Sprint(p.Sales)
}

func clock(p sim.Picture) string {
	if p.Closes > 0 {
		return fmt.Sprintf("%s of %s", p.Elapsed.Truncate(time.Second), p.Closes.Truncate(time.Second))
	}
	return p.Elapsed.Truncate(time.Second).String()
}

// standing is how a shop stands to HQ.
func standing(s sim.StoreView) string {
	switch {
	case s.State == "":
		return "the edge does not answer"
	case s.For > 0:
		return fmt.Sprintf("%s for %s", s.State, s.For.Truncate(time.Second))
	}
	return s.State
}

func calls(p sim.Picture) []Line {
	rows := []Line{{fmt.Sprintf("%-10s %10s %10s %10s %10s %10s", "call", "count", "p50 ms", "p95 ms", "p99 ms", "refused"), faint}}
	for i, c := range p.Calls {
		if i == maxCalls {
			break
		}
		row := Line{fmt.Sprintf("%-10s %10d %10.1f %10.1f %10.1f %10d", c.Call, c.Count, c.P50MS, c.P95MS, c.P99MS, c.Failed), normal}
		if c.Failed > 0 {
			row.paint = bad
		}
		rows = append(rows, row)
	}
	for len(rows) < maxCalls+1 { // what lies below stays where it is
		rows = append(rows, Line{})
	}
	return rows
}

func tills(p sim.Picture) []Line {
	rows := []Line{{fmt.Sprintf("%-10s %10s  %s", "till", "cashier", "what it does"), faint}}
	for i, t := range p.Tills {
		if i == maxRows-1 && len(p.Tills) > maxRows {
			return append(rows, Line{fmt.Sprintf("and %d more", len(p.Tills)-i), faint})
		}
		row := Line{fmt.Sprintf("%-10s %10s  %s", t.TerminalID, t.CashierID, t.Work), normal}
		if t.Work == sim.WorkDead {
			row.paint = bad
		}
		rows = append(rows, row)
	}
	return rows
}

func stores(p sim.Picture) []Line {
	rows := []Line{{fmt.Sprintf("%-10s %10s  %s", "shop", "pending", "HQ"), faint}}
	for i, s := range p.Stores {
		if i == maxRows-1 && len(p.Stores) > maxRows {
			return append(rows, Line{fmt.Sprintf("and %d more", len(p.Stores)-i), faint})
		}
		row := Line{fmt.Sprintf("%-10s %10d  %s", s.StoreID, s.Pending, standing(s)), normal}
		if s.State != "ONLINE" {
			row.paint = bad
		}
		rows = append(rows, row)
	}
	return rows
}

// Dong is an amount as it is written in Vietnam: 31.415.900.
func Dong(a money.Amount) string {
	digits := a.String()
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	return digits
}

// between puts right at the right edge.
func between(left, right string) string {
	room := Columns - utf8.RuneCountInString(right) - 2
	if utf8.RuneCountInString(left) > room {
		left = string([]rune(left)[:room])
	}
	return left + strings.Repeat(" ", Columns-utf8.RuneCountInString(left)-utf8.RuneCountInString(right)) + right
}

// cut is text that fits into a row. What could move the cursor becomes a blank.
func cut(text string) string {
	var b strings.Builder
	for width, r := range []rune(text) {
		if width == Columns {
			break
		}
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Plain is a picture as one line, for where there is no terminal.
func Plain(p sim.Picture) string {
	var pending int64
	online := 0
	for _, s := range p.Stores {
		pending += s.Pending
		if s.State == "ONLINE" {
			online++
		}
	}
	state := fmt.Sprintf("%d of %d shops ONLINE", online, len(p.Stores))
	if len(p.Stores) == 1 {
		state = standing(p.Stores[0])
	}
	text := fmt.Sprintf("%6.0f s  %d sales, %.1f/s, %s đ; %d pending, %s", p.Elapsed.Seconds(), p.Sales, p.PerSecond, Dong(p.Total), pending, state)
	if p.Line != "" {
		text += "; line: " + p.Line
	}
	if i := slices.IndexFunc(p.Calls, func(c sim.CallView) bool { return c.Call == sim.CallFinalize }); i >= 0 {
		text += fmt.Sprintf("; finalize p99 %.1f ms", p.Calls[i].P99MS)
	}
	return text
}
