// Command compose reads a compose file with compose-go, the library of Docker
// Compose itself, and prints what it means as JSON: variables at their defaults,
// anchors and short forms resolved, every profile on. A file that Compose would
// refuse is an error.
//
// It is a module of its own, so that neither the shop's programs nor their tests
// have Compose's libraries in their go.mod. test/deploy runs it and judges.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

// run prints the project of the file. Of the environment it takes the variables
// NAME=value among its arguments and no others.
func run(args []string) error {
	if len(args) == 0 {
		return errors.New("usage: compose FILE [NAME=value …]")
	}
	options, err := cli.NewProjectOptions(args[:1], cli.WithEnv(args[1:]), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(text, '\n'))
	return err
}
