//go:build linux

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// A backend may outlive its postmaster and go on answering: our own server is
// down, whatever answers.
func TestNotReadyWhileTheManagedServerIsDown(t *testing.T) {
	t.Parallel()
	answers := postgrestest.New(t, tally)
	require.NoError(t, postgres.RequireReady(t.Context(), answers, nil, tally, "x"))
	cfg := config(postgrestest.DataDir(t))
	d, err := postgres.Source{Managed: cfg, Migrations: tally, Program: "x"}.Open(limit(t))
	require.NoError(t, err)
	require.NoError(t, postgres.RequireReady(t.Context(), answers, d, tally, "x"))
	require.Equal(t, cfg.Dir+"/postgres", d.DataDir())
	require.NoError(t, d.Close())
	err = postgres.RequireReady(t.Context(), answers, d, tally, "x")
	require.Equal(t, "database_unavailable", fault.CodeOf(err))
	require.Equal(t, "database", fault.As(err).Details["check"])
}
