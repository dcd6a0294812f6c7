//go:build unix

package postgres

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiem/internal/fault"
)

const oldestMajor = 15 // the SQL of this program needs it

// programs are the binaries of one PostgreSQL installation.
type programs struct {
	dir   string
	major int
}

func (p programs) postgres() string { return filepath.Join(p.dir, "postgres") }
func (p programs) initdb() string   { return filepath.Join(p.dir, "initdb") }

// findPrograms picks the binaries for the cluster: of its own major version if
// it exists, else the newest. Each candidate is run as the account in the data
// root, which also finds out whether the account can get there.
func findPrograms(ctx context.Context, binDir string, st site, acc account) (programs, error) {
	dirs := candidateDirs(binDir)
	if len(dirs) == 0 {
		return programs{}, notFound(binDir)
	}
	var found []programs
	var firstErr error
	for _, dir := range dirs {
		major, err := majorVersion(ctx, filepath.Join(dir, "postgres"), st.root, acc)
		if err == nil {
			found = append(found, programs{dir, major})
		} else if firstErr == nil {
			firstErr = err
		}
	}
	switch {
	case ctx.Err() != nil:
		return programs{}, context.Cause(ctx)
	case len(found) > 0:
		return choosePrograms(found, st.cluster)
	case errors.Is(firstErr, fs.ErrPermission):
		return programs{}, acc.noEntry(firstErr, st.root, dirs[0])
	default:
		return programs{}, fault.Wrap(firstErr, fault.Config, "postgres_not_found",
			"the PostgreSQL in %s does not run", dirs[0]).Advise("install it again: %s", installCommand())
	}
}

// candidateDirs are the directories that hold postgres and initdb.
func candidateDirs(binDir string) []string {
	dirs := []string{binDir}
	if binDir == "" {
		dirs = nil
		for _, pattern := range []string{
			"/usr/lib/postgresql/*/bin",            // Debian, Ubuntu
			"/usr/pgsql-*/bin",                     // Red Hat
			"/opt/homebrew/opt/postgresql@*/bin",   // Homebrew
			"/usr/local/opt/postgresql@*/bin",      // Homebrew on Intel
			"/usr/local/pgsql/bin",                 // built from source
			"/Applications/Postgres.app/*/*/*/bin", // Postgres.app
		} {
			matches, _ := filepath.Glob(pattern) // the patterns are well formed
			dirs = append(dirs, matches...)
		}
		dirs = append(dirs, filepath.SplitList(os.Getenv("PATH"))...)
	}
	var whole []string
	for _, dir := range dirs {
		dir, err := filepath.Abs(dir)
		if err == nil && !slices.Contains(whole, dir) && isFile(filepath.Join(dir, "postgres")) && isFile(filepath.Join(dir, "initdb")) {
			whole = append(whole, dir)
		}
	}
	return whole
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// choosePrograms picks among the installations that run.
func choosePrograms(found []programs, cluster string) (programs, error) {
	newest := slices.MaxFunc(found, func(a, b programs) int { return a.major - b.major })
	major, err := clusterMajor(cluster)
	switch {
	case err != nil:
		return programs{}, err
	case major != 0:
		for _, p := range found {
			if p.major == major {
				return p, nil
			}
		}
		return programs{}, otherMajor(cluster, major, newest.major)
	case newest.major < oldestMajor:
		return programs{}, fault.New(fault.Config, "postgres_version",
			"PostgreSQL %d in %s is too old", newest.major, newest.dir).
			Advise("install version %d or newer: %s", oldestMajor, installCommand())
	}
	return newest, nil
}

// otherMajor refuses data that none of the installed versions can read. What
// helps always is the version that wrote it; pg_upgrade only goes forward, and
// needs that version, too.
func otherMajor(cluster string, data, installed int) error {
	e := fault.New(fault.Config, "postgres_version",
		"the data in %s is of PostgreSQL %d, but version %d is installed", cluster, data, installed).At("Dir")
	if data > installed {
		return e.Advise("install PostgreSQL %d beside it: %s; older data cannot be made of it, and nothing was changed",
			data, installMajor(data))
	}
	return e.Advise("install PostgreSQL %d beside it: %s; with both installed, pg_upgrade moves the data to %d; nothing was changed",
		data, installMajor(data), installed)
}

// clusterMajor is the major version of the cluster's data; 0 if there is no
// cluster yet. A directory that holds something else is refused.
func clusterMajor(cluster string) (int, error) {
	text, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if err == nil {
		var major int
		if major, err = strconv.Atoi(string(bytes.TrimSpace(text))); err == nil {
			return major, nil
		}
	} else if errors.Is(err, fs.ErrNotExist) {
		entries, listErr := os.ReadDir(cluster)
		if len(entries) == 0 && (listErr == nil || errors.Is(listErr, fs.ErrNotExist)) {
			return 0, nil
		}
	}
	return 0, fault.Wrap(err, fault.Config, "data_dir_foreign",
		"%s is not the data of a PostgreSQL that this user may read", cluster).At("Dir").
		Advise("move it away, choose another data directory, or run as the user who owns it; nothing was changed")
}

var versionText = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

func majorVersion(ctx context.Context, postgres, dir string, acc account) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := acc.command(postgres, "--version")
	cmd.Dir = dir
	cmd.Stdout = &out
	if err := run(ctx, cmd); err != nil {
		return 0, err
	}
	m := versionText.FindSubmatch(out.Bytes())
	if m == nil {
		return 0, errors.New(postgres + " --version says " + strconv.Quote(strings.TrimSpace(out.String())))
	}
	return strconv.Atoi(string(m[1]))
}

func notFound(binDir string) error {
	if binDir != "" {
		return fault.Wrap(exec.ErrNotFound, fault.Config, "postgres_not_found",
			"there is no PostgreSQL in %s", binDir).At("BinDir").
			Advise("name the directory of postgres and initdb, or install it: %s", installCommand())
	}
	return fault.Wrap(exec.ErrNotFound, fault.Config, "postgres_not_found",
		"no PostgreSQL is installed on this machine").Advise("install it: %s", installCommand())
}

// installMajor installs one major version, beside others.
func installMajor(major int) string {
	if runtime.GOOS == "darwin" {
		return "brew install postgresql@" + strconv.Itoa(major)
	}
	return "apt-get install postgresql-" + strconv.Itoa(major)
}

func installCommand() string {
	if runtime.GOOS == "darwin" {
		return "brew install postgresql@16"
	}
	return "apt-get install postgresql"
}
