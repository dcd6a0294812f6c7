package sim

import (
	"io"
	"os"
	"path/filepath"
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

// Nobody can tell any more what came from it: it is said, and nothing is started
// in directories that may be the other demo's.
func TestAnotherDemosEnvFileThatIsGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone", DemoEnv)
	err := Demo(t.Context(), Options{Bin: t.TempDir(), DataDir: dir, Environ: []string{DemoEnvSetting + "=" + gone, "EDGE_DATA_DIR=/a/edge"}}, io.Discard)
	require.Equal(t, "another_demos_env", fault.CodeOf(err))
	require.Equal(t, 78, fault.ExitCode(err))
	require.Contains(t, err.Error(), gone)
	require.Contains(t, fault.As(err).Hint, "unset")
}
