package arch

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const repository = "../.."

func TestSourcesKeepTheRules(t *testing.T) {
	t.Parallel()
	tree, err := Load(repository)
	require.NoError(t, err)
	require.Equal(t, "tiem", tree.Module)
	var found []string
	for _, file := range tree.Files {
		found = append(found, file.Path)
	}
	require.Subset(t, found, []string{"internal/money/money.go", "internal/sale/quantity.go", "test/arch/tree.go"},
		"a walk that finds nothing breaks no rule")
	report(t, Check(tree))
}

func TestNoProgramLinksTesting(t *testing.T) {
	t.Parallel()
	breaches, err := CheckLinked(t.Context(), repository)
	require.NoError(t, err)
	report(t, breaches)
}

func TestNoFileIsTooLargeForGit(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "git", "-C", repository, "-c", "safe.directory=*", "rev-parse").Run(); err != nil {
		t.Log("not a checkout of git, so nothing is on its way into git")
		return
	}
	breaches, err := CheckWeight(t.Context(), repository)
	require.NoError(t, err)
	report(t, breaches)
}

func TestMakeTargetsThatAreNamedExist(t *testing.T) {
	t.Parallel()
	breaches, err := CheckTargets(repository)
	require.NoError(t, err)
	report(t, breaches)
}

// What `make help` prints is parsed, and make is asked what it would do for
// each: a target that names a prerequisite which nobody makes is found, too.
func TestMakeKnowsEachTargetOfItsHelp(t *testing.T) {
	t.Parallel()
	help, err := exec.CommandContext(t.Context(), "make", "-C", repository, "--no-print-directory", "help").Output()
	require.NoError(t, err)
	var targets []string
	for line := range strings.Lines(string(help)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "make" {
			targets = append(targets, fields[1])
		}
	}
	require.Subset(t, targets, contract)
	for _, target := range targets {
		out, err := exec.CommandContext(t.Context(), "make", "-C", repository, "--dry-run", target).CombinedOutput()
		require.NoError(t, err, "make %s: %s", target, out)
	}
}

func report(t *testing.T, breaches []string) {
	t.Helper()
	for _, breach := range breaches {
		t.Error(breach)
	}
}
