package outbox_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// setup is an empty store "S1".
func setup(t *testing.T) (*postgres.DB, *outbox.Log) {
	t.Helper()
	db := postgrestest.New(t, edgedb.Migrations)
	require.NoError(t, edgedb.New().InsertOutboxHead(t.Context(), db, "S1"))
	return db, &outbox.Log{}
}

// A program of the release before sells on while the new one has brought the
// schema up to date: its function is there, with the answer that it knows.
func TestTheReleaseBeforeSellsOn(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	var last int64
	before := `select outbox_append(array[gen_random_uuid()], array[gen_random_uuid()], array['Noted'], array[1], array[now()], array['T1'], array['C1'],
		array[date '2026-11-22'], array['{}'], array[''], array[''::bytea])::bigint`
	require.NoError(t, db.QueryRow(t.Context(), before).Scan(&last))
	require.EqualValues(t, 1, last)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		return log.Append(ctx, tx, draft(t, "by the new one"))
	}))
	require.NoError(t, db.QueryRow(t.Context(), before).Scan(&last))
	require.EqualValues(t, 3, last)
}

func draft(t *testing.T, note string) outbox.Draft {
	t.Helper()
	d, err := outbox.NewDraft(outbox.Draft{Type: "Noted", AggregateID: uuid.Must(uuid.NewV7()), OccurredAt: time.Now(), TerminalID: "T1",
		CashierID: "C1", BusinessDate: "2026-11-22"}, map[string]string{"note": note})
	require.NoError(t, err)
	return d
}

func appendNotes(t *testing.T, db *postgres.DB, log *outbox.Log, notes ...string) {
	t.Helper()
	drafts := make([]outbox.Draft, len(notes))
	for i, note := range notes {
		drafts[i] = draft(t, note)
	}
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return log.Append(ctx, tx, drafts...) }))
}

func all(t *testing.T, db *postgres.DB, log *outbox.Log) []outbox.Entry {
	t.Helper()
	entries, err := log.List(t.Context(), db, outbox.All, 0, 10_000)
	require.NoError(t, err)
	return entries
}

func TestAppendChainsTheEnvelope(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one", "two")
	appendNotes(t, db, log, "ba «ba» \\ \u2028")
	var prev wire.Hash
	for i, e := range all(t, db, log) {
		require.Equal(t, int64(i+1), e.ID)
		require.Equal(t, "S1", e.StoreID)
		require.Equal(t, int64(1), e.Epoch)
		require.Equal(t, byte(7), e.EventID.Version())
		require.Equal(t, e.Chain(prev), e.Hash, "what is read back hashes to what was written")
		prev = e.Hash
	}
	at, err := log.Where(t.Context(), db)
	require.NoError(t, err)
	require.Equal(t, outbox.Position{StoreID: "S1", Epoch: 1, Head: 3, HeadHash: prev}, at)
	require.Equal(t, int64(3), at.Pending())
}

func TestRollbackLeavesNoGap(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one")
	cancelled := errors.New("cancelled")
	told := 0
	log.OnCommit(func([]wire.Event, time.Time) { told++ })
	err := db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		return errors.Join(log.Append(ctx, tx, draft(t, "never")), cancelled)
	})
	require.ErrorIs(t, err, cancelled)
	require.Zero(t, told, "nobody is told of what was not committed")
	appendNotes(t, db, log, "two")
	require.Len(t, all(t, db, log), 2)
	require.Equal(t, 1, told)
}

// What HQ would refuse must not get into the log, where nobody could take it out.
func TestAppendRefusesWhatNoHQWouldAccept(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	for name, change := range map[string]func(*outbox.Draft){
		"no time":        func(d *outbox.Draft) { d.OccurredAt = time.Time{} },
		"no aggregate":   func(d *outbox.Draft) { d.AggregateID = uuid.Nil },
		"a bad type":     func(d *outbox.Draft) { d.Type = "Sale Recorded" },
		"a bad terminal": func(d *outbox.Draft) { d.TerminalID = "T 1" },
	} {
		d := draft(t, "x")
		change(&d)
		err := db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return log.Append(ctx, tx, d) })
		require.Equal(t, "event_invalid", fault.CodeOf(err), name)
	}
	dead := draft(t, "a box whose clock has died")
	dead.OccurredAt, dead.BusinessDate = time.Unix(7, 0), "1970-01-01"
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return log.Append(ctx, tx, dead) }))
	require.Len(t, all(t, db, log), 1)
}

// Whatever a transaction does after Append still happens before the log's head
// is locked, and several appends keep their order.
func TestAppendWaitsForCommit(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "zero")
	var told [][]wire.Event
	log.OnCommit(func(events []wire.Event, _ time.Time) { told = append(told, events) })
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		if err := log.Append(ctx, tx, draft(t, "one")); err != nil {
			return err
		}
		appendNotes(t, db, log, "somebody else was not kept waiting")
		return log.Append(ctx, tx, draft(t, "two"), draft(t, "three"))
	}))
	events := all(t, db, log)
	require.Len(t, events, 5)
	for i, text := range []string{"zero", "somebody else was not kept waiting", "one", "two", "three"} {
		require.Contains(t, events[i].Payload, text)
	}
	var stand []wire.Event
	for _, e := range events[1:] {
		stand = append(stand, e.Event)
	}
	require.Equal(t, [][]wire.Event{stand[:1], stand[1:2], stand[2:]}, told, "what is told is what stands in the log, hashes and all")
}

// Many writers at once, of which some roll back, while a reader follows by
// cursor: the reader sees every event once, in id order, with no gap ever; so
// id order is commit order.
func TestIDOrderIsCommitOrder(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	const writers, each = 6, 40
	written := make(chan struct{})
	var wg sync.WaitGroup
	committed := make([]int, writers)
	for w := range writers {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(w), 1))
			for range each {
				give := dice.IntN(4) == 0
				drafts := make([]outbox.Draft, 1+dice.IntN(3))
				for i := range drafts {
					drafts[i] = draft(t, "x")
				}
				err := db.InTx(context.WithoutCancel(t.Context()), func(ctx context.Context, tx *postgres.Tx) error {
					if err := log.Append(ctx, tx, drafts...); err != nil {
						return err
					}
					if give {
						return errors.New("given up")
					}
					return nil
				})
				if err == nil {
					committed[w] += len(drafts)
				}
			}
		})
	}
	go func() { wg.Wait(); close(written) }()
	var seen int64
	for done := false; !done; {
		select {
		case <-written:
			done = true // one more look: everything is committed now
		default:
		}
		entries, err := log.List(t.Context(), db, outbox.All, seen, 10_000)
		require.NoError(t, err)
		for _, e := range entries {
			require.Equal(t, seen+1, e.ID, "a reader with a cursor must never find a gap")
			seen = e.ID
		}
	}
	total := 0
	for _, n := range committed {
		total += n
	}
	require.Equal(t, int64(total), seen)
	report, err := log.Verify(t.Context(), db)
	require.NoError(t, err)
	require.Zero(t, report.BadID, report.Problem)
	require.Equal(t, int64(total), report.Events)
}

func TestListByState(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one", "two", "three", "four")
	ids := func(state outbox.State, after int64, limit int32) (ids []int64) {
		entries, err := log.List(t.Context(), db, state, after, limit)
		require.NoError(t, err)
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		return ids
	}
	require.Empty(t, ids(outbox.Published, 0, 10))
	require.Equal(t, []int64{1, 2, 3, 4}, ids(outbox.Pending, 0, 10))
	publish(t, db, 2)
	require.Equal(t, []int64{1, 2}, ids(outbox.Published, 0, 10))
	require.Equal(t, []int64{2}, ids(outbox.Published, 1, 10))
	require.Equal(t, []int64{3, 4}, ids(outbox.Pending, 0, 10))
	require.Equal(t, []int64{3}, ids(outbox.Pending, 0, 1))
	require.Equal(t, []int64{2, 3}, ids(outbox.All, 1, 2))
	at, err := log.Where(t.Context(), db)
	require.NoError(t, err)
	require.Equal(t, int64(2), at.Pending())
	oldest, err := log.OldestPending(t.Context(), db, at)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), oldest, time.Minute)
}

func publish(t *testing.T, db *postgres.DB, upto int64) {
	t.Helper()
	q := edgedb.New()
	require.NoError(t, q.MarkPublished(t.Context(), db, upto))
	require.NoError(t, q.SetCursor(t.Context(), db, "uplink.acked", upto))
	require.NoError(t, q.RaiseCursor(t.Context(), db, "uplink.published", upto))
}

func TestPublishedNeverGoesBack(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one", "two")
	publish(t, db, 2)
	first := all(t, db, log)
	publish(t, db, 1) // HQ was restored from a backup
	require.Equal(t, first, all(t, db, log))
	at, err := log.Where(t.Context(), db)
	require.NoError(t, err)
	require.Equal(t, int64(1), at.Acked, "HQ's watermark may fall")
	require.Equal(t, int64(2), at.Published)
}

// Somebody with the superuser's rights changes the log behind the program's back.
func TestVerifyNamesTheFirstBadRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tamper string
		bad    int64
		says   string
	}{
		"payload":           {"update outbox set payload = replace(payload, 'three', 'drei') where id = 3", 3, "not what was written"},
		"time":              {"update outbox set occurred_at = occurred_at + interval '1 microsecond' where id = 2", 2, "not what was written"},
		"cashier":           {"update outbox set cashier_id = 'C2' where id = 4", 4, "not what was written"},
		"business date":     {"update outbox set business_date = business_date - 1 where id = 1", 1, "not what was written"},
		"hash":              {"update outbox set hash = decode(repeat('ab', 32), 'hex') where id = 2", 2, "not what was written"},
		"two swapped":       {"update outbox set id = case id when 2 then 103 else 102 end where id in (2, 3); update outbox set id = id - 100 where id > 100", 2, "not what was written"},
		"one deleted":       {"delete from outbox where id = 3", 3, "missing"},
		"the start deleted": {"delete from outbox where id = 1", 1, "missing"},
		"the tail deleted":  {"delete from outbox where id >= 4", 4, "missing"},
		"one put in behind": {`insert into outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, business_date, payload, hash)
			select 6, store_id, epoch, gen_random_uuid(), aggregate_id, type, version, occurred_at, business_date, payload, hash from outbox where id = 5`, 6, "not what was written"},
		"the head fell back": {"update outbox_head set last_id = 4, last_hash = (select hash from outbox where id = 4)", 5, "the head says that there are 4"},
		"all deleted":        {"delete from outbox", 1, "missing"},
		"one put in": {"insert into outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, business_date, payload, hash) " +
			"select 6, store_id, epoch, gen_random_uuid(), aggregate_id, type, version, occurred_at, business_date, payload, hash from outbox where id = 5", 6, "not what was written"},
		"the head moved back": {"update outbox_head set last_hash = decode(repeat('ab', 32), 'hex')", 5, "head"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, log := setup(t)
			appendNotes(t, db, log, "one", "two", "three", "four", "five")
			report, err := log.Verify(t.Context(), db)
			require.NoError(t, err)
			require.Zero(t, report.BadID)
			require.True(t, report.Trusted)
			tamper(t, db, "alter table outbox disable trigger user; alter table outbox_head disable trigger user; "+c.tamper)
			report, err = log.Verify(t.Context(), db)
			require.NoError(t, err)
			require.Equal(t, c.bad, report.BadID, report.Problem)
			require.Contains(t, report.Problem, c.says)
		})
	}
}

// tamper runs several statements as they are.
func tamper(t *testing.T, db *postgres.DB, sql string) {
	t.Helper()
	conn, err := db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Conn().PgConn().Exec(t.Context(), sql).ReadAll()
	require.NoError(t, err)
}

func TestUnpublishedEventsCannotBeDeleted(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one")
	_, err := db.Exec(t.Context(), "delete from outbox where id = 1")
	require.Equal(t, "23001", postgres.SQLState(err))
}

func TestAnnounceReachesAnotherProcess(t *testing.T) {
	t.Parallel()
	db, _ := setup(t)
	conn, err := db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(t.Context(), "listen "+outbox.Channel)
	require.NoError(t, err)
	require.NoError(t, outbox.Announce(t.Context(), db))
	_, err = conn.Conn().WaitForNotification(t.Context())
	require.NoError(t, err)
}
