package catalog

import (
	"cmp"
	"fmt"
	"slices"
)

// Problem is what is wrong, or strange, at one place of a file.
type Problem struct {
	File    string `json:"file,omitempty"`   // which of a format's files; empty: it has only one
	Line    int    `json:"line"`             // physical line from 1 (the header); a quoted cell may reach over several
	Column  string `json:"column,omitempty"` // the column's name as the format has it; empty: the line as a whole
	Code    string `json:"code"`             // stable, snake_case
	Message string `json:"message"`          // what is wrong and what is expected, for people
	Warning bool   `json:"warning"`          // the row is good enough to load
}

// MaxProblems is how many errors, and how many warnings, of one file are
// listed; the rest is counted.
const MaxProblems = 100

// findings collects the problems of one file, in whatever order they are found.
type findings struct {
	file             string
	list             []Problem
	stopped          *Problem // why reading ended early; always listed
	errors, warnings int
	moreErrors       int // line of the first that is not listed
	moreWarnings     int
}

func (f *findings) fail(line int, column, code, format string, args ...any) {
	switch f.errors++; {
	case f.errors <= MaxProblems:
		f.list = append(f.list, Problem{File: f.file, Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...)})
	case f.moreErrors == 0:
		f.moreErrors = line
	}
}

func (f *findings) warn(line int, column, code, format string, args ...any) {
	switch f.warnings++; {
	case f.warnings <= MaxProblems:
		f.list = append(f.list,
			Problem{File: f.file, Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...), Warning: true})
	case f.moreWarnings == 0:
		f.moreWarnings = line
	}
}

// stop reports why the rest of the file is not read.
func (f *findings) stop(line int, code, format string, args ...any) {
	f.stopped = &Problem{File: f.file, Line: line, Code: code, Message: fmt.Sprintf(format, args...)}
}

// refused says that nothing of the file may be loaded.
func (f *findings) refused() bool { return f.errors > 0 || f.stopped != nil }

// problems are the findings by line, and then how many went unlisted.
func (f *findings) problems() []Problem {
	slices.SortStableFunc(f.list, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	if f.moreErrors > 0 {
		f.list = append(f.list, Problem{File: f.file, Line: f.moreErrors, Code: "more_problems",
			Message: fmt.Sprintf("%d more problems from this line on are not listed", f.errors-MaxProblems)})
	}
	if f.moreWarnings > 0 {
		f.list = append(f.list, Problem{File: f.file, Line: f.moreWarnings, Code: "more_warnings", Warning: true,
			Message: fmt.Sprintf("%d more warnings from this line on are not listed", f.warnings-MaxProblems)})
	}
	if f.stopped != nil {
		f.list = append(f.list, *f.stopped)
	}
	return f.list
}
