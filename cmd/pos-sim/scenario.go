package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"tiem/internal/fault"
	"tiem/internal/sim/scenario"
	"tiem/scenarios"
)

// readScenario reads a scenario that is built in, or else a file.
func readScenario(name string) (*scenario.Scenario, error) {
	text, err := fs.ReadFile(scenarios.Files, name+".txt")
	if err != nil {
		text, err = os.ReadFile(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Usage, "usage", "there is no scenario %q, and no such file", name).Advise("built in are: %s", strings.Join(scenarioNames(), ", "))
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Usage, "usage", "the scenario %s cannot be read", name)
	}
	s, err := scenario.Parse(string(text))
	if err != nil {
		e := fault.As(err)
		if e.Field != "" {
			return nil, e.At(name + ", " + e.Field)
		}
		return nil, e.At(name)
	}
	if s.Title == "" {
		s.Title = name
	}
	return s, nil
}

func scenarioNames() []string {
	files, _ := fs.Glob(scenarios.Files, "*.txt") // the pattern is fine
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".txt")
	}
	return files
}

func listScenarios(w io.Writer) error {
	for _, name := range scenarioNames() {
		s, err := readScenario(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%-16s %s\n", name, s.Title)
	}
	fmt.Fprintf(w, "\nA scenario is a text file, a sentence a line; # begins a comment, and the first one is the title:\n\n%s\n\n", scenario.Understood())
	fmt.Fprintln(w, "Times are seconds (s) or minutes (min) since the tills began. Play one with: pos-sim run --scenario FILE")
	return nil
}
