package sim

import (
	"os"
	"path/filepath"
	"runtime"

	"tiem/internal/fault"
)

// The programs of an installation.
const (
	edgeProgram = "store-edge"
	hqProgram   = "hq-platform"
)

// Programs is the directory of the programs: dir if it is given, else the one
// that this program runs from, else ./bin. A missing program is a fault of kind
// Config (program_missing).
func Programs(dir string) (string, error) {
	candidates := []string{dir}
	if dir == "" {
		candidates = []string{"bin"}
		if self, err := os.Executable(); err == nil {
			candidates = []string{filepath.Dir(self), "bin"}
		}
	}
	var missing error
	for _, candidate := range candidates {
		absolute, err := filepath.Abs(candidate)
		if err != nil {
			return "", fault.Wrap(err, fault.Config, "program_missing", "the directory %s cannot be found", candidate).At("--bin")
		}
		if missing = haveAll(absolute); missing == nil {
			return absolute, nil
		}
	}
	return "", missing
}

func haveAll(dir string) error {
	for _, name := range []string{edgeProgram, hqProgram} {
		info, err := os.Stat(programPath(dir, name))
		if err != nil || info.IsDir() {
			return fault.New(fault.Config, "program_missing", "%s is not in %s", name, dir).At("--bin").
				Advise("build it with make build, or name the directory with --bin")
		}
	}
	return nil
}

func programPath(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}
