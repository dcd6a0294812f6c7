package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"tiem/internal/fault"
)

// PoolConfig tunes a pool; the zero value is right for a shop.
type PoolConfig struct {
	// MaxConns is the most connections at once; 12 if zero. Five tills need
	// five; the rest is for the relay, reads and scripts.
	MaxConns int32
	// AcquireTimeout is how long a caller may wait for a connection before it
	// is told "try again" (fault.Unavailable); 2 s if zero.
	AcquireTimeout time.Duration
	// LockTimeout is how long a statement may wait for a row lock; 3 s if
	// zero. One hung backend must not stop the shop.
	LockTimeout time.Duration
}

// DB is a pool of connections to one database. It is safe for concurrent use.
type DB struct {
	pool           *pgxpool.Pool
	acquireTimeout time.Duration
}

// Open makes a pool for the database at url. It does not connect yet: a
// database that is still starting is found out by the first use, as a fault of
// kind Unavailable. An url that cannot be read is a fault of kind Config.
func Open(ctx context.Context, url string, cfg PoolConfig) (*DB, error) {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fault.Wrap(errors.New("unreadable connection string"), fault.Config, "database_url_invalid",
			"the database URL cannot be read").Advise("use postgres://user:password@host:5432/database")
	}
	pc.MaxConns = cmp.Or(cfg.MaxConns, 12)
	pc.MinIdleConns = 1
	params := pc.ConnConfig.RuntimeParams
	params["application_name"] = cmp.Or(params["application_name"], "tiem")
	params["timezone"] = "UTC"
	// Every statement of the hot paths finds its rows by key, and is prepared
	// once. A plan made while a table was still empty is a sequential scan that
	// lives as long as the connection; and to plan anew for every run, as
	// PostgreSQL likes to do for arrays, costs more than running it.
	params["plan_cache_mode"] = "force_generic_plan"
	params["enable_seqscan"] = "off"
	params["jit"] = "off"               // for what has no index it would now compile: a scan's price is prohibitive
	params["synchronous_commit"] = "on" // whatever the database's owner prefers: paid means durable
	params["default_transaction_isolation"] = "read committed"
	params["lock_timeout"] = millis(cmp.Or(cfg.LockTimeout, 3*time.Second))
	params["idle_in_transaction_session_timeout"] = millis(10 * time.Second)
	params["statement_timeout"] = millis(30 * time.Second)
	pc.ConnConfig.ConnectTimeout = 5 * time.Second
	pc.AfterConnect = registerTypes
	pc.ConnConfig.Tracer = statementTracer()
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, Fault(err)
	}
	return &DB{pool: pool, acquireTimeout: cmp.Or(cfg.AcquireTimeout, 2*time.Second)}, nil
}

// registerTypes teaches a connection UUIDs, and to read times as UTC: the same
// on every machine, whatever its TZ.
func registerTypes(_ context.Context, conn *pgx.Conn) error {
	registerUUID(conn.TypeMap())
	conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
	return nil
}

func millis(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// Close waits for connections in use to be returned and closes the pool.
func (db *DB) Close() { db.pool.Close() }

// closeWithin is Close, but waits no longer than patience; it tells whether that
// was enough.
func (db *DB) closeWithin(patience time.Duration) bool {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		db.Close()
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-closed:
		return true
	case <-late.C:
		return false
	}
}

// Pool is the pgx pool itself, for what needs a connection of its own.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping asks the database for an answer; any failure is a fault.
func (db *DB) Ping(ctx context.Context) error { return Fault(db.pool.Ping(ctx)) }

// Exec runs a statement outside any transaction. With Query and QueryRow it makes
// DB a handle that generated queries accept. Like InTx, all of them wait for a
// connection no longer than the acquire timeout.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer conn.Release()
	return conn.Exec(ctx, sql, args...)
}

// Query runs a query outside any transaction; see Exec.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller reads the rows
	if err != nil {
		conn.Release()
		return nil, err
	}
	return &pooledRows{rows, conn}, nil
}

// QueryRow runs a query for one row outside any transaction; see Exec.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := db.Query(ctx, sql, args...) //nolint:rowserrcheck // Scan does
	if err != nil {
		return failedRow{err}
	}
	return pooledRow{rows}
}

// SendBatch sends a batch outside any transaction and reads its answers with the
// callbacks of its queries; see Exec.
func (db *DB) SendBatch(ctx context.Context, batch *pgx.Batch) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return conn.SendBatch(ctx, batch).Close()
}

// pooledRows give their connection back when they end.
type pooledRows struct {
	pgx.Rows

	conn *pgxpool.Conn
}

// Close ends the rows, and the use of the connection.
func (r *pooledRows) Close() {
	r.Rows.Close()
	if r.conn != nil {
		r.conn.Release()
		r.conn = nil
	}
}

// Next closes the rows behind the last.
func (r *pooledRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// pooledRow is the first of rows.
type pooledRow struct{ rows pgx.Rows }

// Scan is as pgx.Row has it.
func (r pooledRow) Scan(dest ...any) error {
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// acquire takes a connection within the acquire timeout, so that an exhausted
// pool answers "try again" fast instead of letting a queue of tills grow.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, db.acquireTimeout)
	defer cancel()
	conn, err := db.pool.Acquire(wait)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		if db.pool.Stat().AcquiredConns() < db.pool.Config().MaxConns { // it did not wait for one, it waited to connect
			return nil, fault.Wrap(err, fault.Unavailable, "database_unavailable", "the database does not answer").
				Advise("it restarts by itself if this program runs it; else look at the server and the way to it")
		}
		return nil, fault.Wrap(err, fault.Unavailable, "database_busy",
			"the database has no free connection").Advise("try again in a moment")
	}
	return conn, err
}
