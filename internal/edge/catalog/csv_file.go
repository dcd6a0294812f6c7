package catalog

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tiem/internal/fault"
)

// The limits of a catalogue file. A convenience store has some thousands of items.
const (
	MaxRows  = 200_000
	MaxBytes = 64 << 20
)

const (
	maxRecord = 1 << 20 // bytes from one row's end to the next: more is a quote that nobody closed
	maxCell   = 8 << 10 // bytes
)

type limits struct{ rows, bytes, record int }

var fileLimits = limits{rows: MaxRows, bytes: MaxBytes, record: maxRecord}

// A layout is the columns of a CSV file, in the order in which they are
// documented; the file's own order is free.
type layout struct {
	all      []string
	required []string
	numbers  []string // columns where a sign in front is a bad number and not a formula
	lists    []string // columns of which a cell may hold several lines, one entry each
}

// csvFile is one reading of one CSV file, whatever its columns mean: it takes
// the rows apart and reports what cannot be taken apart.
type csvFile struct {
	findings

	src     *cappedReader
	in      *bufio.Reader
	csv     *csv.Reader
	layout  layout
	maxRows int

	columns map[string]int // name → position in record
	width   int            // cells in the header
	record  []string       // the row at hand
	line    int            // where it begins
	count   int            // rows seen, good or bad
}

// openCSV prepares a reading of r; name says in a problem which file it is.
func openCSV(r io.Reader, name string, columns layout, lim limits) *csvFile {
	src := &cappedReader{r: r, limit: lim.bytes, recordLimit: lim.record}
	in := bufio.NewReader(src)
	f := &csvFile{findings: findings{file: name}, src: src, in: in, csv: csv.NewReader(in), layout: columns, maxRows: lim.rows, line: 1}
	f.csv.ReuseRecord, f.csv.FieldsPerRecord = true, -1 // a ragged row is told in our words
	return f
}

// eachRow reads the file to its end and calls read for every row that has the
// header's shape. What else there is becomes a problem. The error is
// fault.Internal with the code csv_unreadable, and only for a failing reader.
func (f *csvFile) eachRow(read func()) error {
	if f.isText() && f.readHeader() {
		f.readRows(read)
	}
	switch {
	case f.src.err == nil:
	case errors.Is(f.src.err, errTooLarge):
		f.stop(f.line, "csv_too_large", "the file is larger than %d MiB; split it", MaxBytes>>20)
	case errors.Is(f.src.err, errRecordTooLong):
		f.stop(f.line, "csv_quote", "no end of the row that begins after this line: a quotation mark is probably not closed")
	default:
		return fault.Wrap(f.src.err, fault.Internal, "csv_unreadable", "the catalogue file could not be read to its end")
	}
	return nil
}

// isText looks at the first bytes: it drops a UTF-8 byte order mark and
// refuses what is not a text file in UTF-8.
func (f *csvFile) isText() bool {
	head, _ := f.in.Peek(4) // a short file, and a failing reader, show again at the first row
	switch {
	case strings.HasPrefix(string(head), "\xef\xbb\xbf"):
		_, _ = f.in.Discard(3)
	case strings.HasPrefix(string(head), "\xff\xfe"), strings.HasPrefix(string(head), "\xfe\xff"):
		f.fail(1, "", "csv_utf16", "the file is in UTF-16; save it as “CSV UTF-8”")
		return false
	case string(head) == "PK\x03\x04":
		f.fail(1, "", "csv_workbook", "the file is a workbook (.xlsx); save it as “CSV UTF-8”")
		return false
	}
	return true
}

// next reads a row; false at the end of the file or of what may be read.
// Rows that cannot be taken apart are reported and passed over.
func (f *csvFile) next() bool {
	for {
		record, err := f.csv.Read()
		f.src.recordEnd = int(f.csv.InputOffset())
		var broken *csv.ParseError
		switch {
		case err == nil:
			f.record = record
			f.line, _ = f.csv.FieldPos(0)
			return true
		case errors.As(err, &broken):
			f.line = broken.StartLine
			f.fail(f.line, "", "csv_quote",
				`a quotation mark stands alone or is not closed; a cell with a quotation mark is written "like ""this"""`)
		default:
			return false
		}
	}
}

// readHeader reads the columns' names; false if rows cannot be read by them.
func (f *csvFile) readHeader() bool {
	if !f.next() {
		if f.src.err == nil && f.errors == 0 {
			f.fail(1, "", "csv_empty", "the file is empty; its first line names the columns: %s", strings.Join(f.layout.all, ","))
		}
		return false
	}
	if len(f.record) == 1 && strings.ContainsAny(f.record[0], ";\t") {
		f.fail(f.line, "", "csv_separator", "the columns are not separated by commas; save the file as “CSV UTF-8 (comma delimited)”")
		return false
	}
	f.columns, f.width = map[string]int{}, len(f.record)
	for i, cell := range f.record {
		name := strings.ToLower(strings.TrimSpace(cell))
		_, seen := f.columns[name]
		switch {
		case !slices.Contains(f.layout.all, name):
			f.fail(f.line, excerpt(cell), "column_unknown", "there is no column %.40q; columns are %s", cell, strings.Join(f.layout.all, ","))
		case seen:
			f.fail(f.line, name, "column_duplicate", "the column %s is there twice", name)
		default:
			f.columns[name] = i
		}
	}
	for _, name := range f.layout.required {
		if _, ok := f.columns[name]; !ok {
			f.fail(f.line, name, "column_missing", "the column %s is missing", name)
		}
	}
	return f.errors == 0
}

func (f *csvFile) readRows(read func()) {
	for f.next() {
		if blankRow(f.record) {
			continue // spreadsheets leave such lines behind
		}
		if f.count++; f.count > f.maxRows {
			f.stop(f.line, "csv_too_many_rows", "the file has more than %d items; split it", f.maxRows)
			return
		}
		if len(f.record) != f.width {
			f.fail(f.line, "", "csv_ragged", "the row has %d cells, the header has %d; put a cell with a comma into quotation marks",
				len(f.record), f.width)
			continue
		}
		read()
	}
	if f.count == 0 && f.errors == 0 && f.src.err == nil {
		f.fail(f.line, "", "csv_empty", "the file names its columns, but has no items")
	}
}

func blankRow(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// excerpt is the front of a text from the file, printable.
func excerpt(text string) string {
	q := fmt.Sprintf("%.40q", text)
	return q[1 : len(q)-1]
}
