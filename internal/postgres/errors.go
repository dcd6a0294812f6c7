package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tiem/internal/fault"
)

const codeCommitUnknown = "commit_unknown"

const tooManyConnections = "53300"

// Fault turns an error of pgx or PostgreSQL into a *fault.Error and leaves
// faults, nil and errors that are not of the database as they are. The original
// is kept as the cause; its text never reaches a client.
func Fault(err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &connect): // whatever PostgreSQL's reason for not letting us in
		if errors.As(err, &pg) && pg.Code == tooManyConnections {
			return sqlStateFault(pg, err)
		}
		if _, full := outOfSpace.Load(connect.Config.Host); full {
			return diskFull(err)
		}
		return unreachable(err)
	case errors.As(err, &pg):
		return sqlStateFault(pg, err)
	case errors.Is(err, pgx.ErrNoRows):
		return fault.Wrap(err, fault.NotFound, "not_found", "there is no such row")
	case errors.Is(err, context.Canceled):
		return fault.Wrap(err, fault.Unavailable, "request_cancelled", "the caller went away")
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Unavailable, "database_slow", "the database did not answer in time").
			Advise("try again in a moment")
	case connectionTrouble(err):
		return unreachable(err)
	}
	return err
}

// outOfSpace are the managed servers of this process that do not come up because
// a disk is full, by the directory of their socket: that is all a connection
// which failed says of whom it was meant for.
var outOfSpace sync.Map

func diskFull(err error) *fault.Error {
	return fault.Wrap(err, fault.Unavailable, "disk_full", "the database's disk is full").
		Advise("free space on the data directory's disk; nothing was lost, and it goes on by itself")
}

func unreachable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database_unavailable", "the database cannot be reached").
		Advise("it restarts by itself; try again in a few seconds")
}

// connectionTrouble recognises the errors that pgx makes of a socket that is
// not there or died.
func connectionTrouble(err error) bool {
	if pgconn.SafeToRetry(err) || pgconn.Timeout(err) {
		return true
	}
	text := err.Error()
	for _, sign := range []string{"unexpected EOF", "conn closed", "broken pipe", "connection reset", "closed pool"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// sqlStateFault maps SQLSTATE to a kind; see the PostgreSQL manual, appendix A.
func sqlStateFault(pg *pgconn.PgError, err error) error {
	retry := func(code, message string) error {
		return fault.Wrap(err, fault.Unavailable, code, "%s", message).Advise("try again in a moment")
	}
	switch pg.Code {
	case "40001", "40P01":
		return retry("database_contended", "too many changes met at once")
	case "55P03":
		return retry("database_locked", "somebody else holds what this change needs")
	case "25P03", "25006": // idle too long in a transaction; a standby that may not write
		return retry("database_unavailable", "the database gave the change up")
	case "57014":
		return retry("database_slow", "the database did not answer in time")
	case "53100":
		return diskFull(err)
	case tooManyConnections:
		return retry("database_busy", "the database has no free connection")
	case "57P01", "57P02", "57P03":
		return fault.Wrap(err, fault.Unavailable, "database_unavailable", "the database is starting or stopping").
			Advise("it restarts by itself; try again in a few seconds")
	case "23505":
		return fault.Wrap(err, fault.Conflict, "already_exists", "that exists already")
	case "42P01", "42703", "3F000":
		return fault.Wrap(err, fault.Unavailable, "schema_missing", "the database's schema is not there yet").
			Advise("run the program's migrate command")
	}
	return fault.Wrap(err, fault.Internal, "database_error", "the database refused the change")
}

// Constraint is the name of the constraint that refused a write; "" if err is
// of another sort.
func Constraint(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.ConstraintName
	}
	return ""
}

// SQLState is PostgreSQL's five-letter code in err's chain; "" if there is none.
func SQLState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
