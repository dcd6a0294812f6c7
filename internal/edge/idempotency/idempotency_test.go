package idempotency_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/edge/session"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/token"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

type body struct {
	Receipt string    `json:"receipt"`
	At      time.Time `json:"at"`
}

// counter is a call whose effect is a row; it counts how often it ran.
type counter struct {
	db   *postgres.DB
	runs atomic.Int32
	now  time.Time
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	_, err := db.Exec(t.Context(), "create table effects (n serial)")
	require.NoError(t, err)
	return &counter{db: db, now: time.Now().Truncate(time.Microsecond)}
}

func request(terminal, key, text string) idempotency.Request {
	return idempotency.Request{TerminalID: terminal, Key: key, Hash: sha256.Sum256([]byte(text))}
}

func (c *counter) run(ctx context.Context, req idempotency.Request, fail error) (idempotency.Reply[body], error) {
	return idempotency.Run(ctx, c.db, req, func() time.Time { return c.now }, nil, func(ctx context.Context, tx *postgres.Tx) (int, body, error) {
		n := c.runs.Add(1)
		if _, err := tx.Exec(ctx, "insert into effects default values"); err != nil {
			return 0, body{}, err
		}
		return 201, body{Receipt: strconv.Itoa(int(n)), At: c.now}, fail
	})
}

func (c *counter) rows(t *testing.T, table string) (n int) {
	t.Helper()
	require.NoError(t, c.db.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n))
	return n
}

func TestASecondRunIsTheStoredAnswer(t *testing.T) {
	c := newCounter(t)
	first, err := c.run(t.Context(), request("T1", "k", "a"), nil)
	require.NoError(t, err)
	require.Equal(t, idempotency.Reply[body]{Status: 201, Body: body{"1", c.now}}, first)
	again, err := c.run(t.Context(), request("T1", "k", "a"), nil)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, first.Status, again.Status)
	require.True(t, first.Body.At.Equal(again.Body.At))
	require.Equal(t, "1", again.Body.Receipt)
	require.EqualValues(t, 1, c.runs.Load())
	require.Equal(t, 1, c.rows(t, "effects"))

	recalled, found, err := idempotency.Recall[body](t.Context(), c.db, request("T1", "k", "a"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, again.Body, recalled.Body)
}

func TestAnotherRequestUnderTheKey(t *testing.T) {
	c := newCounter(t)
	_, err := c.run(t.Context(), request("T1", "k", "a"), nil)
	require.NoError(t, err)
	_, err = c.run(t.Context(), request("T1", "k", "b"), nil)
	require.Equal(t, "idempotency_conflict", fault.CodeOf(err))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	_, _, err = idempotency.Recall[body](t.Context(), c.db, request("T1", "k", "b"))
	require.Equal(t, "idempotency_conflict", fault.CodeOf(err))
	require.EqualValues(t, 1, c.runs.Load())
	_, err = c.run(t.Context(), request("T2", "k", "b"), nil)
	require.NoError(t, err, "another till's key is another key")
	_, found, err := idempotency.Recall[body](t.Context(), c.db, request("T3", "k", "b"))
	require.NoError(t, err)
	require.False(t, found)
}

func TestAFailureLeavesNothing(t *testing.T) {
	c := newCounter(t)
	failure := errors.New("no")
	_, err := c.run(t.Context(), request("T1", "k", "a"), failure)
	require.ErrorIs(t, err, failure)
	require.Zero(t, c.rows(t, "effects"))
	require.Zero(t, c.rows(t, "idempotency_keys"))
	reply, err := c.run(t.Context(), request("T1", "k", "b"), nil)
	require.NoError(t, err, "even another request may use it now")
	require.False(t, reply.Replayed)
}

func TestWithoutAKeyEveryRunCounts(t *testing.T) {
	c := newCounter(t)
	for range 3 {
		_, err := c.run(t.Context(), idempotency.Request{TerminalID: "T1"}, nil)
		require.NoError(t, err)
	}
	require.Equal(t, 3, c.rows(t, "effects"))
	require.Zero(t, c.rows(t, "idempotency_keys"))
	_, found, err := idempotency.Recall[body](t.Context(), c.db, idempotency.Request{TerminalID: "T1"})
	require.NoError(t, err)
	require.False(t, found)
}

func TestADuplicateWaitsForTheFirst(t *testing.T) {
	c := newCounter(t)
	var running sync.WaitGroup
	replies := make([]idempotency.Reply[body], 10)
	failures := make([]error, 10)
	for i := range replies {
		running.Go(func() { replies[i], failures[i] = c.run(t.Context(), request("T1", "k", "a"), nil) })
	}
	running.Wait()
	fresh := 0
	for i := range replies {
		require.NoError(t, failures[i])
		require.Equal(t, "1", replies[i].Body.Receipt)
		if !replies[i].Replayed {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.EqualValues(t, 1, c.runs.Load())
}

// What a call begins with travels with the key's lock; for a repetition it
// leaves no trace, and whatever it found is not looked at.
func TestWhatACallBeginsWith(t *testing.T) {
	c := newCounter(t)
	calls := 0
	run := func(req idempotency.Request) (idempotency.Reply[body], error) {
		var before int
		open := func(b *pgx.Batch) {
			b.Queue("insert into effects default values")
			b.Queue("select count(*) from effects").QueryRow(func(row pgx.Row) error { return row.Scan(&before) })
		}
		return idempotency.Run(t.Context(), c.db, req, func() time.Time { return c.now }, open, func(context.Context, *postgres.Tx) (int, body, error) {
			calls++
			return 201, body{Receipt: strconv.Itoa(before)}, nil
		})
	}
	first, err := run(request("T1", "k", "a"))
	require.NoError(t, err)
	require.Equal(t, "1", first.Body.Receipt, "fn sees what open found")
	again, err := run(request("T1", "k", "a"))
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, "1", again.Body.Receipt)
	_, err = run(request("T1", "k", "another"))
	require.Equal(t, "idempotency_conflict", fault.CodeOf(err))
	require.Equal(t, 1, calls)
	require.Equal(t, 1, c.rows(t, "effects"), "the repetitions' were rolled back")
	_, err = run(idempotency.Request{TerminalID: "T1"})
	require.NoError(t, err)
	require.Equal(t, 2, c.rows(t, "effects"), "without a key it is just the beginning")
}

// Tokens that are looked up here: whoever lost one gets neither an effect nor an
// answer that was stored for it.
func TestWhoeverLostATokenOrSession(t *testing.T) {
	for name, lost := range map[string]struct{ sql, code string }{
		"the till was revoked":     {"update terminals set revoked_at = now()", "token_invalid"},
		"the session has ended":    {"update sessions set ended_at = now()", "session_invalid"},
		"the session has expired":  {"update sessions set expires_at = now() - interval '1 s'", "session_expired"},
		"the person is disabled":   {"update staff set disabled_at = now()", "cashier_disabled"},
		"it is another till's now": {"update sessions set terminal_id = 'T2'", "session_of_another_terminal"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			mine := request("T1", "k", "a")
			mine.Proof = &session.Hashes{Terminal: token.Hash("till"), Session: token.Hash("lan")}
			_, err := c.db.Exec(t.Context(), `
				alter table sessions disable trigger all;
				insert into terminals (terminal_id, store_id, name, token_hash) values ('T1', 'S1', '', sha256('till')), ('T2', 'S1', '', sha256('other'));
				insert into staff (cashier_id, store_id, name, role) values ('C1', 'S1', 'Lan', 'cashier');
				insert into sessions values (sha256('lan'), 'T1', 'C1', now() - interval '1 h', now() + interval '1 h', null)`)
			require.NoError(t, err)
			_, err = c.run(t.Context(), mine, nil)
			require.NoError(t, err)
			stolen := request("T2", "k2", "a")
			stolen.Proof = mine.Proof
			_, err = c.run(t.Context(), stolen, nil)
			require.Equal(t, "token_invalid", fault.CodeOf(err), "it is another terminal's")

			_, err = c.db.Exec(t.Context(), lost.sql)
			require.NoError(t, err)
			for _, req := range []idempotency.Request{mine, {TerminalID: "T1", Proof: mine.Proof}} {
				_, err = c.run(t.Context(), req, nil)
				require.Equal(t, lost.code, fault.CodeOf(err))
			}
			require.EqualValues(t, 1, c.runs.Load())
			require.Equal(t, 1, c.rows(t, "effects"))
		})
	}
}

func TestAnswersAreKept35Days(t *testing.T) {
	c := newCounter(t)
	_, err := c.run(t.Context(), request("T1", "k", "a"), nil)
	require.NoError(t, err)
	for _, s := range []struct {
		later   time.Duration
		dropped int64
	}{{0, 0}, {35 * 24 * time.Hour, 0}, {35*24*time.Hour + time.Second, 1}, {36 * 24 * time.Hour, 0}} {
		n, err := idempotency.Sweep(t.Context(), c.db, c.now.Add(s.later))
		require.NoError(t, err)
		require.Equal(t, s.dropped, n, "after %s", s.later)
	}
	c.db.Close()
	_, err = idempotency.Sweep(t.Context(), c.db, c.now)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}
