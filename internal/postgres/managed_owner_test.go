//go:build linux

package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

func TestSecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	h := runHelper(t, "start", dir)
	begun := time.Now()
	_, err := postgres.StartServer(limit(t), config(dir))
	require.Less(t, time.Since(begun), 10*time.Second, "it does not wait for another serve")
	require.Equal(t, "data_dir_in_use", fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Contains(t, fault.As(err).Message, fmt.Sprintf("process %d", h.process.Pid))
	require.Equal(t, "1", query(t, h.URL, "select '1'"), "the owner is not disturbed")
}

func TestCommandBesideServe(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	s := start(t, config(dir))
	command, err := postgres.AttachServer(limit(t), config(dir))
	require.NoError(t, err)
	require.True(t, command.Ready())
	require.Equal(t, s.PID(), command.PID())
	require.Equal(t, s.URL(), command.URL())
	stop(t, command)
	require.Equal(t, "1", query(t, s.URL(), "select '1'"))
	require.True(t, s.Ready())
	stop(t, s)
	require.False(t, command.Ready())
	require.Zero(t, command.PID())
}

func TestCommandAlone(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	command, err := postgres.AttachServer(limit(t), config(dir))
	require.NoError(t, err)
	query(t, command.URL(), "create table kept as select 'x' as item")
	pid := command.PID()
	stop(t, command)
	require.False(t, alive(pid))
	require.Equal(t, "x", query(t, start(t, config(dir)).URL(), "select item from kept"))
}

func TestCommandsAtOnce(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	type result struct {
		server *postgres.Server
		err    error
	}
	results := make(chan result)
	for range 4 {
		go func() {
			s, err := postgres.AttachServer(limit(t), config(dir))
			results <- result{s, err}
		}()
	}
	var servers []*postgres.Server
	for range 4 {
		r := <-results
		if r.err == nil {
			servers = append(servers, r.server)
		}
		require.NoError(t, r.err)
	}
	for _, s := range servers {
		require.Equal(t, "1", query(t, s.URL(), "select '1'"))
	}
	for _, s := range servers {
		stop(t, s)
	}
	require.Zero(t, servers[0].PID())
}

func TestServeWaitsForCommand(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	command := runHelper(t, "attach", dir)
	require.Empty(t, command.Text)

	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := postgres.StartServer(impatient, config(dir))
	require.Equal(t, "data_dir_in_use", fault.CodeOf(err), "%v", err)
	require.ErrorIs(t, err, context.DeadlineExceeded, "it waited")

	served := make(chan error)
	go func() {
		s, err := postgres.StartServer(limit(t), config(dir))
		if err == nil {
			err = s.Close(context.Background())
		}
		served <- err
	}()
	command.end()
	require.NoError(t, <-served)
}

// What answers on the socket may serve other data: a note copied along with a
// data root, say. Nobody must be attached to that.
func TestOtherClusterIsNotTaken(t *testing.T) {
	t.Parallel()
	dir, other := postgrestest.DataDir(t), postgrestest.DataDir(t)
	start(t, config(other))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres"), 0o700))
	root, err := os.Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, root.Close()) }()
	require.NoError(t, syscall.Flock(int(root.Fd()), syscall.LOCK_EX))
	note, err := os.ReadFile(filepath.Join(other, "postgres.owner"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres.owner"), note, 0o600))

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err = postgres.AttachServer(ctx, config(dir))
	require.Equal(t, "data_dir_in_use", fault.CodeOf(err), "%v", err)
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	try := func(limit time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		s, err := postgres.StartServer(ctx, config(dir))
		if err == nil { // a fast machine
			stop(t, s)
			return
		}
		require.NotNil(t, fault.As(err), "%v", err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"), "nothing runs")
	}
	try(0)
	try(300 * time.Millisecond) // cut in the first start
	stop(t, start(t, config(dir)))
	for limit := 10 * time.Millisecond; limit < 100*time.Millisecond; limit += 10 * time.Millisecond {
		try(limit) // cut in a later one
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		require.Contains(t, []string{"postgres", "postgres.log"}, e.Name())
	}
	start(t, config(dir))
}
