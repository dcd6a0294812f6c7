package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// tally is a schema with one table, for what needs no store.
var tally = fstest.MapFS{"00001_tally.sql": {Data: []byte(`-- +goose Up
CREATE TABLE tally (name text PRIMARY KEY, n bigint NOT NULL CHECK (n >= 0));
INSERT INTO tally VALUES ('a', 0), ('b', 0);
-- +goose Down
DROP TABLE tally;
`)}}

func count(t *testing.T, db *postgres.DB, name string) (n int64) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "select n from tally where name = $1", name).Scan(&n))
	return n
}

const add = "update tally set n = n + $2 where name = $1"

func TestInTxCommitsStatementsAndQueueTogether(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	var order []string
	err := db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		tx.AfterCommit(func() { order = append(order, "first") })
		tx.AfterCommit(func() { order = append(order, "second") })
		if _, err := tx.Exec(ctx, add, "a", 1); err != nil {
			return err
		}
		tx.Queue(add, "b", 2)
		require.Zero(t, count(t, db, "a"), "nothing is visible before COMMIT")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, int64(1), count(t, db, "a"))
	require.Equal(t, int64(2), count(t, db, "b"))
	require.Equal(t, []string{"first", "second"}, order)
}

func TestInTxOfAQueueAlone(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(add, "a", 5)
		return nil
	}))
	require.Equal(t, int64(5), count(t, db, "a"))
}

func TestQueuedHandleTakesNoQuestions(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Queued().Query(ctx, "select 1") //nolint:rowserrcheck,sqlclosecheck // there are no rows
		require.Equal(t, "queued_query", fault.CodeOf(err))
		require.Equal(t, "queued_query", fault.CodeOf(tx.Queued().QueryRow(ctx, "select 1").Scan()))
		_, err = tx.Queued().Exec(ctx, add, "a", 3)
		return err
	}))
	require.Equal(t, int64(3), count(t, db, "a"))
}

func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, fn := range map[string]func(ctx context.Context, tx *postgres.Tx) error{
		"the callback's error": func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, add, "a", 1)
			return errors.Join(err, refused)
		},
		"a queued write that PostgreSQL refuses": func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, add, "a", 1)
			tx.Queue(add, "b", -1)
			return err
		},
		"a failed statement whose error was swallowed": func(ctx context.Context, tx *postgres.Tx) error {
			_, _ = tx.Exec(ctx, add, "b", -1) // on purpose: COMMIT of a failed transaction is a ROLLBACK
			tx.Queue(add, "a", 1)
			return nil
		},
		"a pipeline half-way": func(ctx context.Context, tx *postgres.Tx) error {
			b := &pgx.Batch{}
			b.Queue(add, "a", 1)
			b.Queue(add, "b", -1)
			return tx.Send(ctx, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgrestest.New(t, tally)
			called := false
			err := db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
				tx.AfterCommit(func() { called = true })
				return fn(ctx, tx)
			})
			require.Error(t, err)
			require.False(t, called, "AfterCommit ran without a commit")
			require.Zero(t, count(t, db, "a"))
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { // the connection is good again
				_, err := tx.Exec(ctx, add, "a", 1)
				return err
			}))
		})
	}
}

func TestInTxRollsBackOnPanic(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	require.Panics(t, func() {
		_ = db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, add, "a", 1)
			require.NoError(t, err)
			panic("bug")
		})
	})
	require.Zero(t, count(t, db, "a"))
	require.Zero(t, db.Pool().Stat().AcquiredConns(), "the connection went back")
}

// Last goes behind the queue, also behind what is queued later and what runs
// at once, and what it finds is read before AfterCommit is told.
func TestLastGoesLast(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	var saw, committed int64
	err := db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		tx.AfterCommit(func() { committed = saw })
		tx.Last("update tally set n = n * 10 where name = 'a'", nil)
		tx.Last("select n from tally where name = 'a'", func(row pgx.Row) error { return row.Scan(&saw) })
		tx.Queue(add, "a", 3)
		_, err := tx.Exec(ctx, add, "a", 4)
		return err
	})
	require.NoError(t, err)
	require.Equal(t, int64(70), saw)
	require.Equal(t, int64(70), committed)
	require.Equal(t, int64(70), count(t, db, "a"))
}

func TestLastAloneIsATransaction(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Last(add, nil, "a", 5)
		return nil
	}))
	require.Equal(t, int64(5), count(t, db, "a"))
}

// When read fails, COMMIT is on its way: nobody may take that for a certain
// failure, whatever the error says of itself.
func TestLastWhoseReadFailsIsADoubt(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	err := db.InTx(t.Context(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Last("update tally set n = 7 where name = 'a' returning n", func(pgx.Row) error { return fault.New(fault.Conflict, "no", "no") })
		return nil
	})
	require.Equal(t, "commit_unknown", fault.CodeOf(err))
	require.Equal(t, int64(7), count(t, db, "a"), "it was committed, indeed")
}

func TestWhatLastRefusesIsRolledBack(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	err := db.InTx(t.Context(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(add, "a", 5)
		tx.Last(add, nil, "b", -1)
		return nil
	})
	require.Equal(t, "23514", postgres.SQLState(err))
	require.Zero(t, count(t, db, "a"))
}

// Two transactions that lock two rows in opposite order: PostgreSQL kills one,
// and it is run again, so both happen exactly once.
func TestDeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	var both sync.WaitGroup
	both.Add(2)
	cross := func(first, second string) error {
		tries := 0
		return db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
			if _, err := tx.Exec(ctx, add, first, 1); err != nil {
				return err
			}
			if tries++; tries == 1 {
				both.Done()
				both.Wait() // both hold their first row now
			}
			_, err := tx.Exec(ctx, add, second, 1)
			return err
		})
	}
	failed := make(chan error, 1)
	go func() { failed <- cross("a", "b") }()
	require.NoError(t, cross("b", "a"))
	require.NoError(t, <-failed)
	require.Equal(t, int64(2), count(t, db, "a"))
	require.Equal(t, int64(2), count(t, db, "b"))
}

// A backend that dies while COMMIT may be on its way is never run again: the
// callback runs once, and the caller is told to look it up.
func TestLostCommitIsNotRunAgain(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	runs := 0
	err := db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		runs++
		var pid int
		if err := tx.QueryRow(ctx, "select pg_backend_pid()").Scan(&pid); err != nil {
			return err
		}
		// The queue kills its own backend before COMMIT is reached: to the client
		// it looks the same as a COMMIT whose answer was lost.
		tx.Queue("select pg_terminate_backend($1)", pid)
		tx.Queue("select pg_sleep(0.2)")
		return nil
	})
	require.Equal(t, fault.Unknown, fault.KindOf(err), "%v", err)
	require.Equal(t, "commit_unknown", fault.CodeOf(err))
	require.Equal(t, 1, runs)
}

func TestFlushOutlivesTheCaller(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, tally)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	err := db.InTx(ctx, func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue("select pg_sleep(0.3)")
		tx.Queue(add, "a", 1)
		time.AfterFunc(100*time.Millisecond, hangUp) // while COMMIT is on its way
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, int64(1), count(t, db, "a"))
}

func TestExhaustedPoolAnswersFast(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), postgrestest.NewURL(t, tally), postgres.PoolConfig{MaxConns: 1, AcquireTimeout: 50 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.NoError(t, db.Ping(t.Context())) // a first connection may take longer than that
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, add, "a", 1); err != nil {
			return err
		}
		err := db.InTx(ctx, func(context.Context, *postgres.Tx) error { return nil })
		require.Equal(t, "database_busy", fault.CodeOf(err))
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		return nil
	}))
}

func TestLockedRowDoesNotStopTheShop(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, tally)
	db, err := postgres.Open(t.Context(), url, postgres.PoolConfig{LockTimeout: 100 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, add, "a", 1); err != nil {
			return err
		}
		_, err := db.Exec(ctx, add, "a", 1)
		require.Equal(t, "database_locked", fault.CodeOf(postgres.Fault(err)))
		return nil
	}))
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, tally)
	newer := fstest.MapFS{"00001_tally.sql": tally["00001_tally.sql"],
		"00002_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE more (n int);\n-- +goose Down\nDROP TABLE more;\n")}}
	require.NoError(t, postgres.Migrate(t.Context(), url, newer))
	require.NoError(t, postgres.Migrate(t.Context(), url, newer), "again is harmless")
	err := postgres.Migrate(t.Context(), url, tally)
	require.Equal(t, "schema_newer", fault.CodeOf(err))
	db, err := postgres.Open(t.Context(), url, postgres.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	current, err := postgres.SchemaCurrent(t.Context(), db, newer)
	require.NoError(t, err)
	require.True(t, current)
	current, err = postgres.SchemaCurrent(t.Context(), db, tally)
	require.NoError(t, err)
	require.False(t, current)
}

func TestMigrateByManyAtOnce(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, fstest.MapFS{"00001_none.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 1;\n")}})
	more := fstest.MapFS{"00001_none.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 1;\n")},
		"00002_tally.sql": tally["00001_tally.sql"]}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { errs <- postgres.Migrate(t.Context(), url, more) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
}
