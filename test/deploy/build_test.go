package deploy

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// images are the file systems of the Dockerfile's stages, without what their
// bases hold: directories below root, named as the stages.
type images struct{ root string }

// scratch is where they are; TestMain removes it.
var (
	scratch string
	once    sync.Once
	failed  error
)

// built runs the Dockerfile once, in a copy of what .dockerignore lets through.
func built(t *testing.T, d dockerfile) images {
	t.Helper()
	once.Do(func() {
		if scratch, failed = os.MkdirTemp("", "tiem-deploy-"); failed != nil {
			return
		}
		if failed = os.Chmod(scratch, 0o755); failed == nil { // the programs are run by somebody else
			failed = images{scratch}.build(d)
		}
	})
	require.NoError(t, failed)
	return images{scratch}
}

func (i images) build(d dockerfile) error {
	context := filepath.Join(i.root, "context")
	if err := copyContext(context); err != nil {
		return err
	}
	for _, s := range d {
		if base := d.stage(s.base); base != nil {
			if err := os.CopyFS(i.of(s.name), os.DirFS(i.of(base.name))); err != nil {
				return err
			}
		} else if err := os.MkdirAll(i.of(s.name), 0o755); err != nil {
			return err
		}
		for _, step := range s.steps {
			if err := i.do(s, step, context); err != nil {
				return fmt.Errorf("stage %s: %w", s.name, err)
			}
		}
	}
	return nil
}

// of is the root directory of a stage.
func (i images) of(stage string) string { return filepath.Join(i.root, stage) }

// do runs one step. A RUN of a stage that is no Go image needs root and another
// file system; TestTokensHaveAPlace reads it instead.
func (i images) do(s *stage, step step, context string) error {
	dir := filepath.Join(i.of(s.name), step.dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if step.verb == "RUN" {
		if !strings.HasPrefix(s.image, "golang:") {
			return nil
		}
		run := exec.Command("/bin/sh", "-c", step.command)
		run.Dir, run.Env = dir, append(toolchain(), s.env...)
		if out, err := run.CombinedOutput(); err != nil {
			return fmt.Errorf("RUN %s: %w\n%s", step.command, err, out)
		}
		return nil
	}
	from, last := context, step.args[len(step.args)-1]
	if step.from != "" {
		from = i.of(step.from)
	}
	to := filepath.Join(dir, last)
	if path.IsAbs(last) {
		to = filepath.Join(i.of(s.name), last)
	}
	for _, source := range step.args[:len(step.args)-1] {
		if err := copyInto(filepath.Join(from, source), to, strings.HasSuffix(last, "/")); err != nil {
			return fmt.Errorf("COPY %s: %w", source, err)
		}
	}
	return nil
}

// toolchain is the environment of this machine's go, and no settings of its user.
func toolchain() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOTOOLCHAIN").Output()
	if err != nil {
		return env
	}
	for n, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		env = append(env, []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOTOOLCHAIN"}[n]+"="+value)
	}
	return env
}

// copyInto copies as COPY does: a directory is its contents, a file goes into
// a directory or becomes the destination.
func copyInto(source, to string, intoDirectory bool) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(source))
	}
	if intoDirectory {
		to = filepath.Join(to, filepath.Base(source))
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

// copyContext copies the files of the checkout that .dockerignore lets through.
func copyContext(to string) error {
	text, err := os.ReadFile(filepath.Join(repository, ".dockerignore"))
	if err != nil {
		return err
	}
	ignored := parseIgnore(string(text))
	return filepath.WalkDir(repository, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(repository, name)
		if err != nil || rel == "." {
			return err
		}
		if entry.IsDir() && !ignored.mayHold(rel) {
			return fs.SkipDir
		}
		if entry.IsDir() || ignored.match(rel) {
			return nil
		}
		return copyInto(name, filepath.Join(to, rel), false)
	})
}

// ignore are the rules of a .dockerignore: the last one that fits decides.
type ignore []struct {
	pattern string
	keep    bool
}

func parseIgnore(text string) ignore {
	var rules ignore
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, keep := strings.CutPrefix(line, "!")
		rules = append(rules, struct {
			pattern string
			keep    bool
		}{pattern, keep})
	}
	return rules
}

// match tells whether a file stays out. A rule that fits a directory fits what
// is in it; **/ is any depth.
func (rules ignore) match(file string) bool {
	out := false
	for _, rule := range rules {
		pattern, anywhere := strings.CutPrefix(rule.pattern, "**/")
		for part := file; part != "."; part = path.Dir(part) {
			name := part
			if anywhere {
				name = path.Base(part)
			}
			if ok, err := path.Match(pattern, name); ok && err == nil {
				out = !rule.keep
			}
		}
	}
	return out
}

// mayHold tells whether something in the directory may be let through.
func (rules ignore) mayHold(dir string) bool {
	return !rules.match(dir) || slices.ContainsFunc(rules, func(rule struct {
		pattern string
		keep    bool
	},
	) bool {
		return rule.keep && strings.HasPrefix(rule.pattern, dir+"/")
	})
}

func TestTheContextHoldsWhatIsBuiltAndNothingElse(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(repository, ".dockerignore"))
	require.NoError(t, err)
	rules := parseIgnore(string(text))
	for file, out := range map[string]bool{
		"go.mod": false, "cmd/store-edge/main.go": false, "internal/edge/edgedb/migrations/00001_store.sql": false, "demo/catalogue.csv": false, "deploy/demo.sh": false,
		"data/demo.env": true, "demo.env": true, ".env": true, ".git/config": true, "bin/store-edge": true, "deploy/Dockerfile": true,
		"cmd/store-edge/main_test.go": true, "internal/receipt/testdata/copy.vi.txt": true, "tools/sqlc/go.mod": true,
	} {
		require.Equal(t, out, rules.match(file), file)
	}
}

// settings are the variables that a program's --help names.
func (i images) settings(t *testing.T, program string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(i.of("tools"), "usr/local/bin", program), "serve", "--help").Output()
	require.NoError(t, err)
	var names []string
	for _, found := range regexp.MustCompile(`\(\$([A-Z_]+)`).FindAllStringSubmatch(string(out), -1) {
		names = append(names, found[1])
	}
	return names
}

func TestTheBuildStageBuildsStaticPrograms(t *testing.T) {
	i := built(t, readDockerfile(t))
	for _, name := range []string{"store-edge", "hq-platform", "pos-sim"} {
		file := filepath.Join(i.of("tools"), "usr/local/bin", name)
		program, err := elf.Open(file)
		require.NoError(t, err)
		for _, p := range program.Progs {
			require.NotEqual(t, elf.PT_INTERP, p.Type, "%s: the runtime image has no C library for it", name)
		}
		require.NoError(t, program.Close())
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(data), i.root, "%s tells where it was built", name)
	}
}

func TestAnImageHoldsItsProgramAndNoOther(t *testing.T) {
	d := readDockerfile(t)
	i := built(t, d)
	for name, want := range map[string][]string{
		"hq-platform": {"usr/local/bin/hq-platform"},
		"store-edge":  {"usr/local/bin/store-edge"},
		"tools": {
			"usr/local/bin/demo.sh", "usr/local/bin/hq-platform", "usr/local/bin/pos-sim", "usr/local/bin/store-edge",
			"usr/local/share/tiem/catalogue.csv",
		},
	} {
		var found []string
		require.NoError(t, fs.WalkDir(os.DirFS(i.of(name)), ".", func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				found = append(found, file)
			}
			return err
		}))
		require.Equal(t, want, found, name)
		begin := append(d.stage(name).entrypoint, d.stage(name).cmd...)
		require.FileExists(t, filepath.Join(i.of(name), "usr/local/bin", begin[0]), "the image's own command")
	}
}

// A new volume takes the owner and the mode of what the image has in its place.
func TestTokensHaveAPlace(t *testing.T) {
	t.Parallel()
	s := readDockerfile(t).stage("programs")
	require.Equal(t, []step{{verb: "RUN", dir: "/", command: "mkdir -m 0700 /run/tiem && chown " + s.user + " /run/tiem"}}, s.steps)
	for name, service := range load(t).Services {
		for _, v := range service.Volumes {
			if v.Source == "tokens" {
				require.Equal(t, "/run/tiem", v.Target, name)
			}
		}
	}
}
