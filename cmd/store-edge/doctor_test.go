package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
)

// found is doctor's answer as JSON.
type found struct {
	Checks []struct{ Name, Status, Found, Advice string }
}

func (f found) of(name string) (status, what string) {
	for _, c := range f.Checks {
		if c.Name == name {
			return c.Status, c.Found
		}
	}
	return "none", ""
}

func doctorJSON(t *testing.T, r result) (f found) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &f, json.MatchCaseInsensitiveNames(true)), "%s%s", r.stdout, r.stderr)
	return f
}

// The shop's own PostgreSQL, which does not run: doctor starts it, looks, and
// stops it again. What it cannot start, it explains.
func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	environ := []string{"EDGE_STORE_ID=S1", "EDGE_DATA_DIR=" + dir, "STORE_TOKEN=geheim", "HQ_URL=http://127.0.0.1:1", "LOG_LEVEL=error"}
	r := storeEdge(t, environ, "doctor")
	require.Equal(t, 1, r.code)
	require.Regexp(t, `(?m)^data directory +fail +.* does not exist$`, r.stdout)
	require.Regexp(t, `(?m)^ +-> is EDGE_DATA_DIR right\?`, r.stdout)
	require.NoDirExists(t, dir, "a doctor makes no data")

	require.Zero(t, storeEdge(t, environ, "migrate").code)
	r = storeEdge(t, environ, "doctor")
	require.Zero(t, r.code, "%s%s", r.stdout, r.stderr)
	require.Regexp(t, `(?m)^CHECK +STATUS +FOUND$`, r.stdout)
	require.Regexp(t, `(?m)^server +warn +does not run`, r.stdout)
	require.Regexp(t, `(?m)^database +ok +PostgreSQL .* that was started for this examination`, r.stdout)
	require.Regexp(t, `(?m)^durability +ok +fsync, full page writes and data checksums are on$`, r.stdout)
	require.Regexp(t, `(?m)^line to HQ +warn +http://127.0.0.1:1 does not answer`, r.stdout)
	require.Regexp(t, `(?m)^gRPC to HQ +warn +HQ_GRPC_TARGET is not set`, r.stdout)
	require.Regexp(t, `(?m)^chain +ok `, r.stdout)
	require.NotContains(t, r.stdout, "geheim")
	require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"), "it was stopped again")

	f := doctorJSON(t, storeEdge(t, environ, "doctor", "--json", "--full"))
	require.Len(t, f.Checks, 18)
	status, _ := f.of("schema")
	require.Equal(t, "ok", status)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("99\n"), 0o600))
	r = storeEdge(t, environ, "doctor", "--json")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "checks failed")
	f = doctorJSON(t, r)
	for name, want := range map[string]string{"postgresql": "fail", "database": "fail", "data directory": "ok", "disk": "ok", "line to HQ": "warn", "chain": "warn"} {
		status, what := f.of(name)
		require.Equal(t, want, status, "%s: %s", name, what)
	}
	_, what := f.of("database")
	require.Contains(t, what, "is of PostgreSQL 99")
}

func TestDoctorVerifiesAtLeastOneEvent(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"0", "-1"} {
		r := storeEdge(t, []string{"EDGE_STORE_ID=S1", "EDGE_DATA_DIR=" + postgrestest.DataDir(t)}, "doctor", "--events="+n)
		require.Equal(t, 2, r.code, "%s%s", r.stdout, r.stderr)
		require.Contains(t, r.stderr, "--events")
		require.Empty(t, r.stdout)
	}
}

func TestDoctorHelps(t *testing.T) {
	t.Parallel()
	help := storeEdge(t, nil, "doctor", "--help").stdout
	for _, says := range []string{"--json", "--full", "--events", "It changes nothing", "Exit code 1"} {
		require.Contains(t, help, says)
	}
	require.Contains(t, storeEdge(t, nil, "--help").stdout, "\n  doctor")
}
