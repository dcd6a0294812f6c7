package sim

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tiem/internal/fault"
)

// DemoEnvSetting names, in a demo's env file, that file itself. By it a demo knows
// whose settings a shell has read. (DEMO_ENV is another thing: by it a person tells
// a script which file to read.)
const DemoEnvSetting = "DEMO_ENV_FILE"

// withoutOtherDemo takes out of environ what came from the env file of another
// demo than that of envFile, and returns which file that is; empty: there was
// none. A shell that has read such a file is where that demo is, with its data
// directories, and says nothing about a demo that is started from it: two of them
// would write one store's log. What differs from the file was said besides, and is
// a wish. If the file is gone, nobody can tell one from the other: a fault of kind
// Config (another_demos_env).
func withoutOtherDemo(environ []string, envFile string) (kept []string, from string, err error) {
	from = readFrom(environ)
	if from == "" || sameFile(from, envFile) {
		return environ, "", nil
	}
	theirs, err := ReadEnvFile(from)
	if err != nil {
		return nil, from, err
	}
	names := demoNames()
	isSet := func(name string) bool { return valueIn(environ, name) != "" }
	if len(theirs) == 0 && slices.ContainsFunc(names, isSet) {
		return nil, from, fault.New(fault.Config, "another_demos_env", "this shell has the settings of another demo, and its %s is gone: nobody can tell which of them are that demo's", from).
			At(DemoEnvSetting).Advise("take a new shell, or unset %s %s", DemoEnvSetting, strings.Join(names, " "))
	}
	kept = slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		said, known := theirs[name]
		return known && said == value
	})
	return kept, from, nil
}

// readFrom is the env file that a shell has read; empty: none. A file from before
// it named itself lies beside the edge's data.
func readFrom(environ []string) string {
	from, edge := valueIn(environ, DemoEnvSetting), valueIn(environ, "EDGE_DATA_DIR")
	if from != "" || edge == "" {
		return from
	}
	from = filepath.Join(filepath.Dir(edge), DemoEnv)
	if _, err := os.Stat(from); err != nil {
		return ""
	}
	return from
}

// demoNames are what a demo's env file sets besides its own name.
func demoNames() (names []string) {
	for _, v := range (Store{Tills: []Login{{}}}).Variables() {
		names = append(names, v.Name)
	}
	return slices.Concat(names, edgeHomes, hqHomes)
}

// sameFile tells whether two paths are one file, which need not be there yet.
func sameFile(a, b string) bool {
	absA, badA := filepath.Abs(a)
	absB, badB := filepath.Abs(b)
	if badA == nil && badB == nil && absA == absB {
		return true
	}
	infoA, badA := os.Stat(a)
	infoB, badB := os.Stat(b)
	return badA == nil && badB == nil && os.SameFile(infoA, infoB)
}
