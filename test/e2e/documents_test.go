package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the documents say is compared with what is there: the README is typed
// along, and files, tests and links that are named must exist.

// step is a block of commands of the README, and the answer shown below it.
type step struct{ commands, answer string }

var codeBlock = regexp.MustCompile("(?s)```(sh|text)\n(.*?)\n```")

// readmeSteps are the steps of the parts that a reader types along.
func readmeSteps(t *testing.T, file, from, to string) []step {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	_, part, found := strings.Cut(string(text), "\n"+from+"\n")
	require.True(t, found, "%s has no %s", file, from)
	part, _, found = strings.Cut(part, "\n"+to+"\n")
	require.True(t, found, "%s has no %s", file, to)
	var steps []step
	for _, block := range codeBlock.FindAllStringSubmatch(part, -1) {
		if block[1] == "sh" {
			steps = append(steps, step{commands: block[2]})
		} else {
			steps[len(steps)-1].answer = block[2]
		}
	}
	require.NotEmpty(t, steps)
	return steps
}

func TestBothReadmesSayTheSame(t *testing.T) {
	t.Parallel()
	require.Equal(t, readmeSteps(t, "README.md", "## Your first sale", "## Where to read on"),
		readmeSteps(t, "README.vi.md", "## Lần bán hàng đầu tiên", "## Đọc tiếp"))
}

// What a document names must be there: files, tests, and what it links to.
func TestTheDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	defined := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	require.NoError(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range defined.FindAllSubmatch(text, -1) {
			tests[string(name[1])] = true
		}
		return err
	}))
	quoted := regexp.MustCompile("`(?:\\./)?((?:api|cmd|demo|docs|internal|scripts|test)/[\\w./-]*|Test\\w+)`")
	link := regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, name := range quoted.FindAllStringSubmatch(string(text), -1) {
				if strings.HasPrefix(name[1], "Test") {
					require.True(t, tests[name[1]], "%s names the test %s, which is not there", file, name[1])
				} else {
					_, err := os.Stat(filepath.Join(root, name[1]))
					require.NoError(t, err, "%s names %s", file, name[1])
				}
			}
			for _, to := range link.FindAllStringSubmatch(string(text), -1) {
				checkLink(t, file, to[1], to[2])
			}
		}
	}
}

// checkLink follows a link within the checkout, to its heading.
func checkLink(t *testing.T, from, path, heading string) {
	t.Helper()
	if strings.Contains(path, "://") {
		return
	}
	target := filepath.Join(filepath.Dir(from), path)
	if path == "" {
		target = from
	}
	text, err := os.ReadFile(target)
	if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
		err = nil
	}
	require.NoError(t, err, "a link of %s", from)
	if heading == "" {
		return
	}
	for _, line := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		anchor := regexp.MustCompile(`[^\p{L}\p{N} -]`).ReplaceAllString(strings.ToLower(line[1]), "")
		if strings.ReplaceAll(anchor, " ", "-") == heading {
			return
		}
	}
	require.Fail(t, "a link leads nowhere", "%s: %s#%s", from, path, heading)
}

// followReadme types the README's commands in one shell, in the directory of a
// fresh demo, and compares the answers.
func followReadme(t *testing.T, home string) {
	t.Helper()
	steps := readmeSteps(t, "README.md", "## Your first sale", "## Where to read on")
	const done = "=== the step is done ==="
	script := "set -eu\ntrap 'kill -CONT \"${HQ_PID:-}\" 2>/dev/null || true' EXIT\n"
	for _, s := range steps {
		script += s.commands + "\necho '" + done + "'\n"
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir, shell.Env = home, withoutSettings(os.Environ())
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	answers := strings.Split(string(out), done+"\n")
	require.Len(t, answers, len(steps)+1)
	for i, s := range steps {
		rest := answers[i]
		for line := range strings.Lines(s.answer) {
			at := likeLine(line).FindStringIndex(rest)
			require.NotNil(t, at, "%s\nanswers\n%s\nwhich has no line like\n%s", s.commands, rest, line)
			rest = rest[at[1]:]
		}
	}
}

// How often the relay has tried, and what came of it last, depends on the moment
// at which the shop is asked; that it waits for HQ does not.
func TestARowThatWaitsIsLikeTheOneShown(t *testing.T) {
	t.Parallel()
	shown := likeLine("9         SaleRecorded        2026-11-22 18:38:00  T1        pending                  1  c57210044225  hq_unreachable: HQ has not answered for 5s")
	for row, like := range map[string]bool{
		"9         SaleRecorded        2026-11-23 07:01:02  T1        pending                 12  0123456789ab  hq_unreachable: the gRPC stream to HQ broke off": true,
		"9         SaleRecorded        2026-11-23 07:01:02  T1        2026-11-23 07:01:02      1  0123456789ab  hq_unreachable: the gRPC stream to HQ broke off": false,
		"9         SaleRecorded        2026-11-23 07:01:02  T1        pending                  1  0123456789ab  token_invalid: no":                               false,
		"9         SaleRecorded        2026-11-23 07:01:02  T1        pending                  1  0123456789ab":                                                  false,
		"9         SaleRecorded        2026-11-23 07:01:02  T2        pending                  1  0123456789ab  hq_unreachable: HQ has not answered for 5s":      false,
	} {
		require.Equal(t, like, shown.MatchString(row), row)
	}
}

// differing is what differs from run to run: ids, hashes, times, ages, the tax,
// whose rate depends on the day, and how often and how the line was tried in
// vain. A … stands for anything.
var differing = []string{
	`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, `\b[0-9a-f]{64}\b`, `\b[0-9a-f]{12}\b`,
	`\d{4}-\d\d-\d\dT[0-9:.]+Z`, `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`, `\d{4}-\d\d-\d\d`,
	`pending +\d+`, `hq_unreachable: .*`, `_seconds":[0-9.]+`, `"(?:subtotal|tax|base|rate_bp)":\d+`,
}

var differingOrAny = regexp.MustCompile(strings.Join(differing, "|") + "|…")

// likeLine matches a line of output that is like the one shown.
func likeLine(shown string) *regexp.Regexp {
	var pattern strings.Builder
	rest := strings.TrimRight(shown, " \n")
	for {
		at := differingOrAny.FindStringIndex(rest)
		if at == nil {
			return regexp.MustCompile(`(?m)^` + pattern.String() + regexp.QuoteMeta(rest) + ` *$`)
		}
		pattern.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		which := slices.IndexFunc(differing, func(kind string) bool {
			return regexp.MustCompile(`^(?:` + kind + `)$`).MatchString(rest[at[0]:at[1]])
		})
		if which < 0 {
			pattern.WriteString(`.*`)
		} else {
			pattern.WriteString(differing[which])
		}
		rest = rest[at[1]:]
	}
}
