package sim

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

var hostile = []string{
	"", "plain", "two words", "it's", "''", `"`, `\`, `\'`, "$HOME", "$(id)", "`id`", "a\nb", "\n", "a;b", "a#b", "#", "=", "a=b", "ü € \U0001F600",
	"\t", "!x", "*", "~", "'; touch /tmp/owned; '", "\r\n", "trailing\\", "a'b\"c$d`e\\f",
}

func TestEnvFileKeepsHostileValues(t *testing.T) {
	t.Parallel()
	for _, value := range hostile {
		path := filepath.Join(t.TempDir(), "demo.env")
		require.NoError(t, WriteEnvFile(path, []Variable{{"FIRST", value}, {"LAST", "end"}}))
		back, err := ReadEnvFile(path)
		require.NoError(t, err, "%q", value)
		require.Equal(t, map[string]string{"FIRST": value, "LAST": "end"}, back)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

		out, err := exec.CommandContext(t.Context(), "sh", "-c", `. "$1"; printf %s "$FIRST/$LAST"`, "sh", path).Output()
		require.NoError(t, err)
		require.Equal(t, value+"/end", string(out), "a shell reads the same")
	}
}

func TestEnvFileReadsWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	got, err := parseEnv("# a comment\n\nexport A=1\nB=\"two words\"; C='x'\"y\"z\n  D=a\\ b # behind\nE=\nF=a#b\nG=\"q\\\"\\\\\\$\\`\\x\"\nA=2")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"A": "2", "B": "two words", "C": "xyz", "D": "a b", "E": "", "F": "a#b", "G": "q\"\\$`\\x"}, got)
	got, err = ReadEnvFile(filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	require.Empty(t, got)
}

// What a shell would expand, or could not read, is refused with its line.
func TestEnvFileRefusesWhatAShellWouldReadOtherwise(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"A=$B": "line 1", "\nA=`id`": "line 2", "A=\"$B\"": "line 1", "A='x": "not closed", "A=\"x": "not closed", "A=\"x\\": "not closed",
		"A=(1)": "line 1", "A=1|cat": "line 1", "hello": "line 1", "1A=2": "line 1", "A B=1": "line 1", "\n\nA='\n\n'\n=": "line 6", "A=a\\\n": "line 1",
	} {
		_, err := parseEnv(text)
		require.ErrorContains(t, err, says, "%q", text)
		require.Equal(t, "env_file_invalid", fault.CodeOf(err))
	}
}

func TestEnvFileRefusesWhatCannotBeAVariable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "demo.env")
	require.Error(t, WriteEnvFile(path, []Variable{{"A", "nul\x00"}}))
	require.Error(t, WriteEnvFile(path, []Variable{{"A=B", "x"}}))
	require.NoFileExists(t, path)
	require.Error(t, WriteEnvFile(filepath.Join(path, "no", "folder"), nil))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Empty(t, left, "nothing half-written is left")
}

func TestStoreComesBackFromItsVariables(t *testing.T) {
	t.Parallel()
	s := Store{EdgeURL: "http://e", HQURL: "http://h", GRPCTarget: "g:1", StoreID: "S1", StoreToken: "st", HQToken: "hq", CashierID: "C1", ManagerID: "M1", Tills: []Login{{"T1", "t", PINs{"C1": "4711", "M1": "0815"}}}}
	path := filepath.Join(t.TempDir(), "demo.env")
	require.NoError(t, WriteEnvFile(path, s.Variables()))
	back, err := ReadEnvFile(path)
	require.NoError(t, err)
	require.Equal(t, s, StoreOf(back))
}

func TestDemoPathsAreQuotedForAShell(t *testing.T) {
	t.Parallel()
	require.Equal(t, "./data/demo.env", quoteIfNeeded("data/demo.env"))
	require.Equal(t, "/tmp/demo.env", quoteIfNeeded("/tmp/demo.env"))
	require.Equal(t, "'/tmp/my shop/demo.env'", quoteIfNeeded("/tmp/my shop/demo.env"))
}

func FuzzEnvFile(f *testing.F) {
	for _, value := range hostile {
		f.Add(value)
	}
	f.Add("A='x'\nB=\"y\"")
	f.Fuzz(func(t *testing.T, text string) {
		if values, err := parseEnv(text); err == nil { // what is read can be written and read again
			var list []Variable
			for name, value := range values {
				if strings.ContainsRune(value, 0) {
					return
				}
				list = append(list, Variable{name, value})
			}
			again, err := formatEnv(list)
			require.NoError(t, err)
			back, err := parseEnv(again)
			require.NoError(t, err)
			require.Equal(t, values, back)
		}
		if strings.ContainsRune(text, 0) {
			return
		}
		written, err := formatEnv([]Variable{{"V", text}})
		require.NoError(t, err)
		back, err := parseEnv(written)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"V": text}, back)
	})
}
