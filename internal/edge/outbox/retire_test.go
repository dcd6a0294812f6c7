package outbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

const day = 24 * time.Hour

// published marks everything up to id as acknowledged at that time.
func published(t *testing.T, db *postgres.DB, upto int64, at time.Time) {
	t.Helper()
	_, err := db.Exec(t.Context(), "update outbox set published_at = $2 where id <= $1 and published_at is null", upto, at)
	require.NoError(t, err)
	publish(t, db, upto)
}

func kept(t *testing.T, db *postgres.DB, log *outbox.Log) []int64 {
	t.Helper()
	ids := []int64{}
	for _, e := range all(t, db, log) {
		ids = append(ids, e.ID)
	}
	return ids
}

func requireVerifies(t *testing.T, db *postgres.DB, log *outbox.Log, first, last int64) {
	t.Helper()
	report, err := log.Verify(t.Context(), db)
	require.NoError(t, err)
	require.Zero(t, report.BadID, report.Problem)
	require.True(t, report.Trusted)
	require.Equal(t, []int64{first, last, last - first + 1}, []int64{report.FirstID, report.LastID, report.Events})
}

func TestWhatIsRetired(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Microsecond) // as exact as the database is
	old, fresh := now.Add(-outbox.Keep-time.Second), now.Add(-outbox.Keep+time.Hour)
	for name, c := range map[string]struct {
		prepare func(t *testing.T, db *postgres.DB)
		kept    []int64
	}{
		"nothing is published":      {func(*testing.T, *postgres.DB) {}, []int64{1, 2, 3, 4, 5, 6}},
		"everything is fresh":       {func(t *testing.T, db *postgres.DB) { t.Helper(); published(t, db, 6, fresh) }, []int64{1, 2, 3, 4, 5, 6}},
		"to the day":                {func(t *testing.T, db *postgres.DB) { t.Helper(); published(t, db, 6, now.Add(-outbox.Keep)) }, []int64{1, 2, 3, 4, 5, 6}},
		"the newest always stays":   {func(t *testing.T, db *postgres.DB) { t.Helper(); published(t, db, 6, old) }, []int64{6}},
		"the unpublished stay":      {func(t *testing.T, db *postgres.DB) { t.Helper(); published(t, db, 4, old) }, []int64{4, 5, 6}},
		"only the first, and acked": {func(t *testing.T, db *postgres.DB) { t.Helper(); published(t, db, 1, old) }, []int64{1, 2, 3, 4, 5, 6}},
		"old ones behind a fresh one wait for it": {func(t *testing.T, db *postgres.DB) {
			t.Helper()
			_, err := db.Exec(t.Context(), "update outbox set published_at = $1 where id = 3", fresh)
			require.NoError(t, err)
			published(t, db, 6, old)
		}, []int64{3, 4, 5, 6}},
		"HQ fell back and is owed the rest, however old": {func(t *testing.T, db *postgres.DB) {
			t.Helper()
			published(t, db, 6, old)
			publish(t, db, 3)
		}, []int64{3, 4, 5, 6}},
		"the cursor says published, a row does not": {func(t *testing.T, db *postgres.DB) {
			t.Helper()
			published(t, db, 2, old)
			require.NoError(t, edgedb.New().SetCursor(t.Context(), db, "uplink.acked", 6))
			require.NoError(t, edgedb.New().RaiseCursor(t.Context(), db, "uplink.published", 6))
		}, []int64{3, 4, 5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, log := setup(t)
			appendNotes(t, db, log, "one", "two", "three", "four", "five", "six")
			c.prepare(t, db)
			done, err := log.Retire(t.Context(), db, now)
			require.NoError(t, err)
			require.Equal(t, c.kept, kept(t, db, log))
			require.EqualValues(t, 6-len(c.kept), done)
			requireVerifies(t, db, log, c.kept[0], 6)
			done, err = log.Retire(t.Context(), db, now)
			require.NoError(t, err)
			require.Zero(t, done, "what stayed stays")
			appendNotes(t, db, log, "seven")
			requireVerifies(t, db, log, c.kept[0], 7)
		})
	}
}

func notes(n int, text string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = text
	}
	return out
}

// A long round goes in statements of at most 500 events, so that none takes long.
func TestRetirementIsInSmallBatches(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, notes(1201, "x")...)
	published(t, db, 1201, time.Now().Add(-36*day))
	tamper(t, db, `create table statements (n bigint);
		create function count_rows() returns trigger language plpgsql as $$ begin insert into statements select count(*) from gone; return null; end $$;
		create trigger counts after delete on outbox referencing old table as gone for each statement execute function count_rows()`)
	done, err := log.Retire(t.Context(), db, time.Now())
	require.NoError(t, err)
	require.EqualValues(t, 1200, done)
	var sizes string
	require.NoError(t, db.QueryRow(t.Context(), "select string_agg(n::text, ' ') from statements").Scan(&sizes))
	require.Equal(t, "500 500 200", sizes)
	requireVerifies(t, db, log, 1201, 1201)
}

// The database keeps the books itself: what it lets be deleted is the low end.
func TestOnlyTheLowEndCanBeDeleted(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one", "two", "three", "four")
	publish(t, db, 4)
	for _, sql := range []string{
		"delete from outbox where id = 2", "delete from outbox where id in (1, 3)", "delete from outbox where id > 1",
		"update outbox_start set first_id = first_id", "delete from outbox_start", "truncate outbox_start",
	} {
		_, err := db.Exec(t.Context(), sql)
		require.Equal(t, "23001", postgres.SQLState(err), "%s: %v", sql, err)
	}
	_, err := db.Exec(t.Context(), "delete from outbox where id < 3")
	require.NoError(t, err)
	requireVerifies(t, db, log, 3, 4)
	_, err = db.Exec(t.Context(), "update outbox_start set first_id = 2")
	require.Equal(t, "23001", postgres.SQLState(err), "what was retired does not come back")
	_, err = db.Exec(t.Context(), "delete from outbox where id = 99")
	require.NoError(t, err, "nothing was deleted")
	_, err = db.Exec(t.Context(), "delete from outbox")
	require.NoError(t, err)
	report, err := log.Verify(t.Context(), db)
	require.NoError(t, err)
	require.Zero(t, report.BadID, "a log that is all retired is whole: %s", report.Problem)
	appendNotes(t, db, log, "five")
	requireVerifies(t, db, log, 5, 5)
}

// Somebody with the superuser's rights works at the low end behind the program's
// back, on a log of which events 1 and 2 were retired in order.
func TestVerifyFindsAForgedLowEnd(t *testing.T) {
	t.Parallel()
	const zeros = "decode(repeat('00', 32), 'hex')"
	for name, c := range map[string]struct {
		tamper  string
		bad     int64
		says    string
		retires string // what Retire says; "" if it still may
	}{
		"the oldest cut off":                       {"delete from outbox where id = 3", 3, "missing: the next one is 4", "outbox_broken"},
		"several cut off":                          {"delete from outbox where id < 6", 3, "missing", ""},
		"all cut off":                              {"delete from outbox", 3, "missing", ""},
		"cut off, and the start moved along":       {"delete from outbox where id = 3; update outbox_start set first_id = 4", 4, "not what was written", "outbox_broken"},
		"the oldest changed":                       {"update outbox set payload = replace(payload, 'three', 'drei') where id = 3", 3, "not what was written", "outbox_broken"},
		"the oldest's hash changed":                {"update outbox set hash = " + zeros + " where id = 3", 3, "not what was written", "outbox_broken"},
		"the hash before it changed":               {"update outbox_start set prev_hash = " + zeros, 3, "not what was written", "outbox_broken"},
		"the log said to begin later":              {"update outbox_start set first_id = 4", 3, "begins with event 4", "outbox_broken"},
		"the log said to begin earlier":            {"update outbox_start set first_id = 1, prev_hash = " + zeros, 1, "missing", "outbox_broken"},
		"the log said to begin behind what HQ has": {"update outbox_start set first_id = 9", 7, "HQ has only 6", ""},
		"one put in at the low end": {"insert into outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, business_date, payload, hash, published_at) " +
			"select 2, store_id, epoch, gen_random_uuid(), aggregate_id, type, version, occurred_at, business_date, payload, hash, published_at from outbox where id = 3",
			2, "begins with event 3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, log := setup(t)
			appendNotes(t, db, log, "one", "two", "three", "four", "five", "six", "seven")
			published(t, db, 3, time.Now().Add(-36*day))
			done, err := log.Retire(t.Context(), db, time.Now())
			require.NoError(t, err)
			require.EqualValues(t, 2, done)
			published(t, db, 6, time.Now().Add(-36*day))
			tamper(t, db, "alter table outbox disable trigger user; alter table outbox_start disable trigger user; "+c.tamper)

			report, err := log.Verify(t.Context(), db)
			require.NoError(t, err)
			require.Equal(t, c.bad, report.BadID, report.Problem)
			require.Contains(t, report.Problem, c.says)
			short, err := log.VerifyLast(t.Context(), db, 1)
			require.NoError(t, err)
			if c.bad <= 3 || name == "cut off, and the start moved along" {
				require.NotZero(t, short.BadID, "the oldest event is looked at even so")
			}
			_, err = log.Retire(t.Context(), db, time.Now())
			require.Equal(t, c.retires, fault.CodeOf(err), "what does not verify is evidence: %v", err)
		})
	}
}

func TestVerifyLast(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	report, err := log.VerifyLast(t.Context(), db, 10)
	require.NoError(t, err)
	require.Zero(t, report.BadID, "an empty log is whole: %s", report.Problem)
	appendNotes(t, db, log, notes(2500, "x")...)
	report, err = log.VerifyLast(t.Context(), db, 1200)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 1200, 1301, 2500}, []int64{report.BadID, report.Events, report.FirstID, report.LastID}, report.Problem)
	require.False(t, report.Trusted, "the hash of event 1300 was believed")
	report, err = log.VerifyLast(t.Context(), db, 2500)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 2500, 1}, []int64{report.BadID, report.Events, report.FirstID}, report.Problem)
	require.True(t, report.Trusted)

	tamper(t, db, "alter table outbox disable trigger user; update outbox set cashier_id = 'C2' where id in (1000, 2000)")
	report, err = log.VerifyLast(t.Context(), db, 1200)
	require.NoError(t, err)
	require.EqualValues(t, 2000, report.BadID)
	report, err = log.Verify(t.Context(), db)
	require.NoError(t, err)
	require.EqualValues(t, 1000, report.BadID)
	tamper(t, db, "delete from outbox where id = 2400")
	report, err = log.VerifyLast(t.Context(), db, 100)
	require.NoError(t, err)
	require.EqualValues(t, 2400, report.BadID, report.Problem)
}

// Retention works while somebody verifies: no false alarm. Verify has read where
// the log begins, and waits for a lock on the events, when the first are retired.
func TestVerifyWhileEventsAreRetired(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	appendNotes(t, db, log, "one", "two", "three", "four")
	publish(t, db, 4)
	var verified chan error
	var report outbox.Report
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, "lock table outbox in access exclusive mode"); err != nil {
			return err
		}
		verified = make(chan error, 1)
		go func() {
			var err error
			report, err = log.Verify(t.Context(), db)
			verified <- err
		}()
		require.Eventually(t, func() bool {
			var waiting bool
			err := db.QueryRow(ctx, "select exists (select from pg_locks where relation = 'outbox'::regclass and not granted)").Scan(&waiting)
			return err == nil && waiting
		}, 2*time.Second, 5*time.Millisecond)
		_, err := tx.Exec(ctx, "delete from outbox where id < 3")
		return err
	}))
	require.NoError(t, <-verified)
	require.Zero(t, report.BadID, report.Problem)
	requireVerifies(t, db, log, 3, 4)
}

// Append, publish, retire, vacuum, again and again: the table and its indexes
// stay as large as one round is, because the next round takes the space.
func TestSpaceIsUsedAgain(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	const perRound, rounds = 1000, 8
	note := strings.Repeat("x", 400)
	var sizes []int64
	for round := int64(1); round <= rounds; round++ {
		appendNotes(t, db, log, notes(perRound, note)...)
		published(t, db, round*perRound, time.Now().Add(-36*day))
		done, err := log.Retire(t.Context(), db, time.Now())
		require.NoError(t, err)
		require.NotZero(t, done)
		_, err = db.Exec(t.Context(), "vacuum outbox")
		require.NoError(t, err)
		var size, rows int64
		require.NoError(t, db.QueryRow(t.Context(), "select pg_total_relation_size('outbox'), (select n_live_tup from pg_stat_user_tables where relname = 'outbox')").Scan(&size, &rows))
		require.LessOrEqual(t, rows, int64(perRound))
		sizes = append(sizes, size)
	}
	t.Log("bytes after each round:", fmt.Sprint(sizes))
	require.Greater(t, sizes[1], int64(perRound*400), "the measure sees the events")
	require.LessOrEqual(t, sizes[rounds-1], sizes[1]+sizes[1]/10, "eight rounds take no more than two did: %v", sizes)

	var options string
	require.NoError(t, db.QueryRow(t.Context(), "select array_to_string(reloptions, ' ') from pg_class where relname = 'outbox'").Scan(&options))
	require.Contains(t, options, "autovacuum_vacuum_scale_factor=0.05")
	require.Contains(t, options, "vacuum_truncate=off", "a truncation would lock the sales out")
}
