package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func runProgram(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = posSim().Run(t.Context(), args, os.Environ(), &out, &err)
	return code, out.String(), err.String()
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, command := range []string{"demo", "run", "verify", "chaos", "version"} {
		code, stdout, _ := runProgram(t, command, "--help")
		require.Zero(t, code)
		require.Contains(t, stdout, "Usage: pos-sim "+command)
	}
	code, stdout, _ := runProgram(t, "--help")
	require.Zero(t, code)
	require.Contains(t, stdout, "pos-sim chaos --seed 7")
}

func TestUsageIsChecked(t *testing.T) {
	for _, args := range [][]string{{}, {"sell"}, {"chaos", "--tills", "0"}, {"chaos", "--sales", "0"}, {"chaos", "--kills", "-1"}, {"chaos", "--cuts", "-1"}, {"verify", "--wait", "long"},
		{"run", "--sales", "-1"}, {"run", "--tills", "51"}, {"run", "--terminals", "0"}, {"run", "--stores", "0"}, {"run", "--stores", "101"}, {"run", "--rate", "-1"}, {"run", "--rate", "nan"},
		{"run", "--speed", "-1"}, {"run", "--duration", "-1s"}, {"run", "--cut", "soon"}, {"run", "--slow", "64"}, {"run", "--flap", "2s"}, {"run", "--scenario", "no-such"},
		{"run", "--line", "127.0.0.1:0"}, {"run", "--stores", "3", "--sales", "2"}, {"run", "--cut", "5s@60s", "--duration", "60s"}, {"run", "--line", "127.0.0.1:9090", "--stores", "2"}, {"run", "--line-grpc", "127.0.0.1:9091"}, {"run", "--line", "127.0.0.1:0", "--scenario", "busy-hour"}} {
		code, _, stderr := runProgram(t, args...)
		require.Equal(t, 2, code, "%v: %s", args, stderr)
	}
}

func TestPlanIsPrintedWithoutDoingIt(t *testing.T) {
	code, first, _ := runProgram(t, "chaos", "--seed", "5", "--plan")
	require.Zero(t, code)
	require.Contains(t, first, "the plan of seed 5:\n  after")
	require.Equal(t, 5, strings.Count(first, " ms: kill "))
	require.Equal(t, 5, strings.Count(first, " ms: line "))
	_, again, _ := runProgram(t, "chaos", "--seed", "5", "--plan")
	require.Equal(t, first, again)
	code, asJSON, _ := runProgram(t, "chaos", "--seed", "5", "--plan", "--json")
	require.Zero(t, code)
	require.Contains(t, asJSON, `"kills"`)
	require.Contains(t, asJSON, `"cuts"`)
	require.Equal(t, 10, strings.Count(asJSON, `"after_sales"`))
}

// A setting that is missing, and a file that is none, are named; exit 78.
func TestTheTargetIsNamed(t *testing.T) {
	for _, name := range []string{"EDGE_URL", "HQ_URL", "STORE_ID", "TERMINAL_ID", "TERMINAL_TOKEN", "CASHIER_ID", "HQ_TOKEN"} {
		t.Setenv(name, "")
	}
	env := filepath.Join(t.TempDir(), "demo.env")
	code, _, stderr := runProgram(t, "verify", "--env", env)
	require.Equal(t, 78, code)
	require.Contains(t, stderr, "EDGE_URL")
	require.NoError(t, os.WriteFile(env, []byte("EDGE_URL=$HOME"), 0o600))
	code, _, stderr = runProgram(t, "run", "--env", env)
	require.Equal(t, 78, code)
	require.Contains(t, stderr, env+": line 1")
}

// The environment wins over the file, and the file fills what it lacks.
func TestTheEnvironmentWins(t *testing.T) {
	env := filepath.Join(t.TempDir(), "demo.env")
	require.NoError(t, os.WriteFile(env, []byte("EDGE_URL='http://file'\nHQ_URL='http://hq'\nSTORE_ID=S1\nTERMINAL_ID=T1\nTERMINAL_TOKEN=t\nCASHIER_ID=C1\nHQ_TOKEN=h\n"), 0o600))
	for _, name := range []string{"HQ_URL", "STORE_ID", "TERMINAL_ID", "TERMINAL_TOKEN", "CASHIER_ID", "HQ_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("EDGE_URL", "http://environment")
	store, err := (&target{Env: env}).store()
	require.NoError(t, err)
	require.Equal(t, "http://environment", store.EdgeURL)
	require.Equal(t, "http://hq", store.HQURL)
	require.Equal(t, "t", store.Tills[0].Token)
}
