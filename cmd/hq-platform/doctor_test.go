package main

import (
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
)

// HQ's own PostgreSQL, which does not run: doctor starts it, looks, and stops it
// again.
func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	doctor := func(args ...string) (code int, stdout, stderr string) {
		return hqPlatform(t, nil, append([]string{"doctor", "--log-level", "error", "--hq-data-dir", dir, "--hq-token", "geheimgeheimgeheim"}, args...)...)
	}
	code, stdout, stderr := doctor()
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "checks failed")
	require.Regexp(t, `(?m)^data directory +fail +.* does not exist$`, stdout)
	require.NoDirExists(t, dir, "a doctor makes no data")

	code, _, stderr = hqPlatform(t, nil, "migrate", "--log-level", "error", "--hq-data-dir", dir)
	require.Zero(t, code, stderr)
	code, stdout, stderr = doctor()
	require.Zero(t, code, "%s%s", stdout, stderr)
	require.Regexp(t, `(?m)^database +ok +PostgreSQL .* that was started for this examination`, stdout)
	require.Regexp(t, `(?m)^logs +ok +0 stores`, stdout)
	require.Regexp(t, `(?m)^quarantine +ok +empty`, stdout)
	require.NotContains(t, stdout, "geheim")
	require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"), "it was stopped again")

	code, stdout, _ = doctor("--json")
	require.Zero(t, code)
	var report struct {
		Checks []map[string]string `json:"checks"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.Len(t, report.Checks, 14)
}

func TestDoctorHelps(t *testing.T) {
	t.Parallel()
	code, stdout, _ := hqPlatform(t, nil, "doctor", "--help")
	require.Zero(t, code)
	require.Contains(t, stdout, "--json")
	require.Contains(t, stdout, "It changes nothing")
}
