//go:build unix

// Package postgrestest gives tests a real PostgreSQL: one server per test
// binary, started at the first use, and a database of its own per test, cloned
// from a template that was migrated once. Tests may run in parallel.
//
// The server is like the one of the shop but for fsync, which is off: no test
// pulls the plug of the machine. A machine without PostgreSQL makes the tests
// fail; they are never skipped.
//
// Nothing outlives the tests. Main stops the server and removes its directory;
// when the binary ends without that (a panic, a timeout, a package without
// Main), the janitor does.
package postgrestest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"tiem/internal/postgres"
)

const patience = time.Minute // for one step, on a machine that runs all tests at once

// shared is the server of this test binary.
var shared struct {
	start    sync.Once
	instance *instance // nil before the first use and after a failed start
	err      error
}

// Main is for TestMain: it runs the tests, stops the server if one was needed,
// runs the checks (such as goleak's: by then nothing of this package is left)
// and exits. A failed stop or check fails the run.
func Main(m *testing.M, checks ...func() error) {
	code := m.Run()
	for _, check := range append([]func() error{stop}, checks...) {
		if err := check(); err != nil {
			fmt.Fprintln(os.Stderr, "after the tests:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// New opens a fresh database with the migrations applied; see NewURL. It is
// closed when the test ends.
func New(t testing.TB, migrations fs.FS) *postgres.DB {
	t.Helper()
	url := NewURL(t, migrations)
	db, err := postgres.Open(t.Context(), url, postgres.PoolConfig{})
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// NewURL makes a fresh database with the migrations applied (goose files at the
// root of the file system; nil for an empty database) and returns its
// connection string. It is dropped when the test ends, whoever is still
// connected.
func NewURL(t testing.TB, migrations fs.FS) string {
	t.Helper()
	shared.start.Do(func() { shared.instance, shared.err = newInstance() })
	if shared.err != nil {
		t.Fatalf("postgrestest: the server did not start: %v", shared.err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	name, err := shared.instance.clone(ctx, migrations)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := shared.instance.exec(ctx, "drop database "+name+" with (force)"); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	return shared.instance.url(name)
}

// stop ends the server if one was started, and all that belongs to it.
func stop() error {
	if shared.instance == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return shared.instance.close(ctx)
}
