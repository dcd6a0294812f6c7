package uplink

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// A database whose cursors are gone, restored by hand say, is marked all the same.
func TestCursorsThatAreMissingAreWritten(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(3, 10)
	_, err := s.db.Exec(t.Context(), "delete from sync_cursors")
	require.NoError(t, err)
	at, err := s.log.Where(t.Context(), s.db)
	require.NoError(t, err)
	require.EqualValues(t, 3, at.Pending())

	s.relay(fast)
	s.drained(3)
	for _, e := range s.entries() {
		require.NotNil(t, e.PublishedAt)
	}
	s.sell(1, 10)
	s.drained(4)
}

// HQ's watermark may fall, and what was published stays so.
func TestACursorFallsOrDoesNot(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(3, 10)
	journal := NewJournal(s.db)
	for _, upto := range []int64{3, 1} {
		require.NoError(t, journal.Mark(t.Context(), upto, nil))
	}
	at, err := s.log.Where(t.Context(), s.db)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 3}, []int64{at.Acked, at.Published})
}

// HQ tells once what it has set aside: that is not lost with the power. Everything
// else may be; the disk is the tills'.
func TestWhatWasSetAsideAloneWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(2, 10)
	_, err := s.db.Exec(t.Context(), `create table seen (how text);
		create function note() returns trigger language plpgsql as $$ begin insert into seen values (current_setting('synchronous_commit')); return null; end $$;
		create trigger note after update on outbox for each statement execute function note()`)
	require.NoError(t, err)
	journal := NewJournal(s.db)
	how := func() (out string) {
		require.NoError(t, s.db.QueryRow(t.Context(), "select max(how) from seen").Scan(&out))
		_, err := s.db.Exec(t.Context(), "delete from seen")
		require.NoError(t, err)
		return out
	}
	require.NoError(t, journal.Failed(t.Context(), 1, 1, "hq_unreachable: away"))
	require.Equal(t, "off", how())
	require.NoError(t, journal.Mark(t.Context(), 1, nil))
	require.Equal(t, "off", how())
	require.NoError(t, journal.Mark(t.Context(), 2, []wire.EventError{{ID: 2, Code: "sum_mismatch"}}))
	require.NotEqual(t, "off", how())
}
