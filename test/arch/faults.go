package arch

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	faultCase = regexp.MustCompile(`(?m)^func (Test(\w+))\(`)
	faultRow  = regexp.MustCompile(`^Fault([0-9]{2})[A-Z]`)
	caseName  = regexp.MustCompile("`(Test\\w+)`")
)

// CheckFaults compares docs/faults.md with test/faults: a case that the matrix
// names must be a test of the repository, and each case TestFaultNN must stand
// in a row of that number.
func CheckFaults(root string) ([]string, error) {
	document, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		return nil, err
	}
	cases, err := testsIn(filepath.Join(root, "test", "faults"))
	if err != nil {
		return nil, err
	}
	others, err := testsElsewhere(root)
	if err != nil {
		return nil, err
	}
	var breaches []string
	listed := map[string]bool{}
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(line, "|")
		for _, name := range caseName.FindAllStringSubmatch(line, -1) {
			if !cases[name[1]] && !others[name[1]] {
				breaches = append(breaches, fmt.Sprintf("docs/faults.md names %s, which is not there", name[1]))
			}
			if len(cells) > 1 {
				listed[name[1]+" "+strings.TrimSpace(cells[1])] = true
			}
		}
	}
	for name := range cases {
		row := faultRow.FindStringSubmatch(strings.TrimPrefix(name, "Test"))
		if row == nil {
			continue
		}
		number, _ := strconv.Atoi(row[1]) // two digits
		if !listed[fmt.Sprintf("%s %d", name, number)] {
			breaches = append(breaches, fmt.Sprintf("docs/faults.md has no row %d with %s", number, name))
		}
	}
	return breaches, nil
}

// testsElsewhere are the tests of faults that live with what they break: HQ's
// kill test with its program, and what is said on the line (conformance, streams,
// histories in virtual time) with the two sides of it.
func testsElsewhere(root string) (map[string]bool, error) {
	all := map[string]bool{}
	for _, dir := range []string{"cmd/hq-platform", "test/told", "test/transport", "internal/edge/uplink", "internal/hq", "internal/hq/grpcapi", "internal/wire/wiretest"} {
		names, err := testsIn(filepath.Join(root, filepath.FromSlash(dir)))
		if err != nil {
			return nil, err
		}
		maps.Copy(all, names)
	}
	return all, nil
}

// testsIn are the names of a folder's tests.
func testsIn(dir string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, match := range faultCase.FindAllSubmatch(text, -1) {
			names[string(match[1])] = true
		}
	}
	return names, nil
}
