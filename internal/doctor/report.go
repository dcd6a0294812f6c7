package doctor

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tiem/internal/fault"
	"tiem/internal/program"
)

// Status is the outcome of a check.
type Status string

// The outcomes, from well to broken.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Check is one question and its answer.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Found  string `json:"found"`            // one line
	Advice string `json:"advice,omitempty"` // what to do, unless it is ok
}

// Report is all checks, in the order in which they were made.
type Report struct {
	Checks []Check `json:"checks"`
}

// OK adds a check that found things as they should be.
func (r *Report) OK(name, found string, args ...any) { r.add(name, OK, "", found, args) }

// Warn adds a check that found what somebody should look at, with advice.
func (r *Report) Warn(name, advice, found string, args ...any) {
	r.add(name, Warn, advice, found, args)
}

// Fail adds a check that found what somebody must mend, with advice.
func (r *Report) Fail(name, advice, found string, args ...any) {
	r.add(name, Fail, advice, found, args)
}

// Is adds a check with that status; the advice is dropped if it is OK.
func (r *Report) Is(status Status, name, advice, found string, args ...any) {
	if status == OK {
		advice = ""
	}
	r.add(name, status, advice, found, args)
}

// Error adds a check that failed with err, in its own words.
func (r *Report) Error(name string, err error) {
	found, advice := words(err)
	r.add(name, Fail, advice, "%s", []any{found})
}

// NotChecked adds checks that could not be made, and why.
func (r *Report) NotChecked(why string, names ...string) {
	for _, name := range names {
		r.add(name, Warn, "mend the database first, then run doctor again", "not checked: %s", []any{why})
	}
}

func (r *Report) add(name string, status Status, advice, found string, args []any) {
	r.Checks = append(r.Checks, Check{Name: name, Status: status, Found: oneLine(fmt.Sprintf(found, args...)), Advice: oneLine(advice)})
}

// Failed tells whether the check of that name failed.
func (r *Report) Failed(name string) bool {
	for _, c := range r.Checks {
		if c.Name == name && c.Status == Fail {
			return true
		}
	}
	return false
}

// count is how many checks had that status.
func (r *Report) count(status Status) (n int) {
	for _, c := range r.Checks {
		if c.Status == status {
			n++
		}
	}
	return n
}

// Print writes the checks, as JSON for scripts or as a table for people. It
// returns a fault of kind Invalid (doctor_found_faults: exit code 1) if a check
// failed.
func (r *Report) Print(w io.Writer, asJSON bool) error {
	var err error
	if asJSON {
		err = program.PrintJSON(w, r)
	} else {
		err = r.printTable(w)
	}
	if failed := r.count(Fail); err == nil && failed > 0 {
		return fault.New(fault.Invalid, "doctor_found_faults", "%d of %d checks failed", failed, len(r.Checks))
	}
	return err
}

// printTable puts what to do in a line of its own, under what was found.
func (r *Report) printTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CHECK\tSTATUS\tFOUND")
	for _, c := range r.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.Name, c.Status, c.Found)
		if c.Advice != "" {
			fmt.Fprintf(table, "\t\t-> %s\n", c.Advice)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d ok, %d warn, %d fail\n", r.count(OK), r.count(Warn), r.count(Fail))
	return err
}

// longest is the most characters of a program's words that a table is for.
const longest = 400

// words are an error's for people: what happened, why as far as the cause says,
// and what to do.
func words(err error) (found, advice string) {
	f := fault.As(err)
	if f == nil {
		return cut(err.Error()), "see docs/operations.md"
	}
	found, advice = f.Message, f.Hint
	if f.Field != "" {
		found = f.Field + ": " + found
	}
	if f.Err != nil {
		found += ": " + f.Err.Error()
	}
	if advice == "" {
		advice = "see docs/operations.md"
	}
	return cut(found), advice
}

// cut keeps the end of a long text: that is where a log says why.
func cut(text string) string {
	letters := []rune(oneLine(text))
	if over := len(letters) - longest; over > 0 {
		return string(letters[:longest/4]) + " … " + string(letters[over+longest/4:])
	}
	return string(letters)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
