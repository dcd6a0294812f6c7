package faults

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

const (
	patience    = 30 * time.Second     // how long a condition may take to come about
	waitStep    = 5 * time.Millisecond // how often it is looked at
	lockTimeout = 3 * time.Second      // postgres.PoolConfig's default: nobody waits longer for a lock
)

// databaseURL is a server's database, as an administrator on the machine finds it.
func (s *shop) databaseURL(server sim.Part) string {
	name := map[sim.Part]string{sim.EdgeServer: "edge", sim.HQServer: "hq"}[server]
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + name,
		RawQuery: url.Values{"host": {filepath.Join(s.data, name, "postgres")}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// session is an administrator's session beside a server, which the server knows
// nothing of.
func (s *shop) session(server sim.Part) *session {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.databaseURL(server))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) }) // its database may be gone
	return &session{s.t, conn}
}

type session struct {
	t *testing.T
	*pgx.Conn
}

// run runs statements, each for itself or all in what "begin" began.
func (q *session) run(sql string, args ...any) {
	q.t.Helper()
	_, err := q.Exec(q.t.Context(), sql, args...)
	require.NoError(q.t, err, sql)
}

// count is the one number that a query finds.
func (q *session) count(sql string, args ...any) (n int64) {
	q.t.Helper()
	require.NoError(q.t, q.QueryRow(q.t.Context(), sql, args...).Scan(&n), sql)
	return n
}

// eventually waits until a query finds the number.
func (q *session) eventually(want int64, sql string, args ...any) {
	q.t.Helper()
	require.Eventually(q.t, func() bool { return q.count(sql, args...) == want }, patience, waitStep, "%d = %s", want, sql)
}

// waiting counts the backends of the server that wait for somebody's lock.
const waiting = `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

// postgresLog is everything that the edge's PostgreSQL has logged.
func (s *shop) postgresLog() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "edge", "postgres.log"))
	require.NoError(s.t, err)
	return string(text)
}

// atHQ waits until HQ's watermark for the store is upto.
func (s *shop) atHQ(upto int64) {
	s.t.Helper()
	s.session(sim.HQServer).eventually(upto, "select received_upto from store_streams where store_id = 'S1'")
}

// head is the id of the last event of the edge.
func (s *shop) head() int64 {
	s.t.Helper()
	client := s.edge()
	defer client.Close()
	status, err := client.Status(s.t.Context())
	require.NoError(s.t, err)
	return status.Head
}
