package sim

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// A shell that has read a demo's env file says where that demo is, its data
// directories among it. For another demo that is no wish; what the file does not
// say is one, and so is what the person said besides.
func TestAnotherDemosEnvFileIsNoWish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	theirs, ours := filepath.Join(dir, "a.env"), filepath.Join(dir, "b.env")
	variables := []Variable{{"EDGE_DATA_DIR", "/a/edge"}, {"HQ_DATA_DIR", "/a/hq"}, {"HQ_URL", "http://a"}, {"HQ_TOKEN", "t"}, {DemoEnvSetting, theirs}}
	require.NoError(t, WriteEnvFile(theirs, variables))
	require.NoError(t, WriteEnvFile(ours, nil))
	shell := []string{"PATH=/bin", "EDGE_DATA_DIR=/a/edge", "HQ_DATA_DIR=/mine", "HQ_URL=http://a", "HQ_TOKEN=t", "SYNC_TIMEOUT=1s", DemoEnvSetting + "=" + theirs}

	kept, from, err := withoutOtherDemo(shell, ours)
	require.NoError(t, err)
	require.Equal(t, theirs, from)
	require.Equal(t, []string{"PATH=/bin", "HQ_DATA_DIR=/mine", "SYNC_TIMEOUT=1s"}, kept)

	link := filepath.Join(dir, "link.env")
	require.NoError(t, os.Symlink(theirs, link))
	for name, c := range map[string]struct {
		shell []string
		file  string
	}{"its own": {shell, theirs}, "its own by another name": {shell, link}, "none": {shell[:6], ours}} {
		kept, from, err = withoutOtherDemo(c.shell, c.file)
		require.NoError(t, err, name)
		require.Empty(t, from, name)
		require.Equal(t, c.shell, kept, name)
	}
}

// One that was written before it named itself is known by where its data is.
func TestAnotherDemosEnvFileThatDoesNotNameItself(t *testing.T) {
	t.Parallel()
	dir, mine := t.TempDir(), filepath.Join(t.TempDir(), DemoEnv)
	edge, theirs := filepath.Join(dir, "edge"), filepath.Join(dir, DemoEnv)
	shell := []string{"EDGE_DATA_DIR=" + edge, "HQ_URL=http://a", "SYNC_TIMEOUT=1s"}
	kept, from, err := withoutOtherDemo(shell, mine)
	require.NoError(t, err)
	require.Empty(t, from, "no demo is there: a wish")
	require.Equal(t, shell, kept)

	require.NoError(t, WriteEnvFile(theirs, []Variable{{"EDGE_DATA_DIR", edge}, {"HQ_URL", "http://a"}}))
	kept, from, err = withoutOtherDemo(shell, mine)
	require.NoError(t, err)
	require.Equal(t, theirs, from)
	require.Equal(t, []string{"SYNC_TIMEOUT=1s"}, kept)

	kept, from, err = withoutOtherDemo(shell, theirs)
	require.NoError(t, err)
	require.Empty(t, from, "its own")
	require.Equal(t, shell, kept)
}

// Nobody can tell any more what came from it: it is said, and nothing is started
// with what may be the other demo's, its HQ as little as its directories.
func TestAnotherDemosEnvFileThatIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone", DemoEnv)
	in := &Installation{edge: &server{}, hq: &server{}, store: Store{Tills: []Login{{}}}}
	written := append(in.Store().Variables(), in.homes()...)
	require.Len(t, written, 18)
	for _, v := range written {
		if v.Name == DemoEnvSetting {
			continue
		}
		err := Demo(t.Context(), Options{Bin: t.TempDir(), DataDir: dir, Environ: []string{DemoEnvSetting + "=" + gone, v.Name + "=x"}}, io.Discard)
		require.Equal(t, "another_demos_env", fault.CodeOf(err), v.Name)
		require.Equal(t, 78, fault.ExitCode(err))
		require.Contains(t, err.Error(), gone)
		for _, other := range written {
			require.Contains(t, strings.Fields(strings.ReplaceAll(fault.As(err).Hint, ",", " ")), other.Name)
		}
	}
	kept, _, err := withoutOtherDemo([]string{DemoEnvSetting + "=" + gone, "SYNC_TIMEOUT=1s"}, filepath.Join(dir, DemoEnv))
	require.NoError(t, err, "there is nothing that it could have said")
	require.Contains(t, kept, "SYNC_TIMEOUT=1s")
}
