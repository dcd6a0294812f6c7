package uplink

import (
	"testing"

	"github.com/stretchr/testify/require"
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
	require.EqualValues(t, []int64{1, 3}, []int64{at.Acked, at.Published})
}
