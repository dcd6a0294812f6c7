package sim

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tiem/internal/fault"
)

// DemoEnvSetting names, in a demo's env file, that file itself. By it a demo knows
// whose settings a shell has read.
const DemoEnvSetting = "DEMO_ENV"

// withoutOtherDemo takes out of environ what came from the env file of another
// demo than that of envFile, and returns which file that is; empty: there was
// none. A shell that has read such a file is where that demo is, with its data
// directories, and says nothing about a demo that is started from it: two of them
// would write one store's log. What differs from the file was said besides, and is
// a wish. If the file is gone, nobody can tell one from the other: a fault of kind
// Config (another_demos_env).
func withoutOtherDemo(environ []string, envFile string) (kept []string, from string, err error) {
	from = valueIn(environ, DemoEnvSetting)
	if from == "" || sameFile(from, envFile) {
		return environ, "", nil
	}
	theirs, err := ReadEnvFile(from)
	if err != nil {
		return nil, from, err
	}
	if len(theirs) == 0 && (valueIn(environ, "EDGE_DATA_DIR") != "" || valueIn(environ, "HQ_DATA_DIR") != "") {
		return nil, from, fault.New(fault.Config, "another_demos_env", "this shell has the settings of another demo, and its %s is gone: are EDGE_DATA_DIR and HQ_DATA_DIR that demo's?", from).
			At(DemoEnvSetting).Advise("unset DEMO_ENV EDGE_DATA_DIR HQ_DATA_DIR HQ_URL HQ_GRPC_TARGET, or take a new shell")
	}
	kept = slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		said, known := theirs[name]
		return known && said == value
	})
	return kept, from, nil
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
