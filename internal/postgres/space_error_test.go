//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestDiskFullIsRecognised(t *testing.T) {
	t.Parallel()
	roomy := site{root: "/", cluster: "/", sockets: "/nowhere"} // a machine whose own disk is full has other worries
	for _, c := range []struct {
		err  error
		full bool
	}{
		{&fs.PathError{Op: "write", Path: "note", Err: syscall.ENOSPC}, true},
		{fmt.Errorf("it ended at once: %w", errors.New(`FATAL:  could not write lock file "postmaster.pid": No space left on device`)), true},
		{errors.New(`FATAL:  could not write lock file "postmaster.pid": Input/output error`), false},
	} {
		require.Equal(t, c.full, roomy.startedWithoutSpace(c.err), "%v", c.err)
	}
}

// What a till is told for each way in which the database cannot help it.
func TestRefusalsOfTheDatabaseAreUnavailable(t *testing.T) {
	t.Parallel()
	for state, code := range map[string]string{
		"53100": "disk_full", "53300": "database_busy", "57P01": "database_unavailable", "57P03": "database_unavailable",
		"40P01": "database_contended", "55P03": "database_locked", "57014": "database_slow",
	} {
		err := Fault(&pgconn.PgError{Code: state, Severity: "ERROR"})
		require.Equal(t, code, fault.CodeOf(err))
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.NotEmpty(t, fault.As(err).Hint)
	}
}
