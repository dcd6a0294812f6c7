package session_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// A session that was opened while the clock was a year ahead is over when it is
// right again, and not good for a year and twelve hours.
func TestASessionFromTheFuture(t *testing.T) {
	s := newShop(t)
	const year = 365 * 24 * time.Hour
	s.later(year)
	text := s.open("T1")
	require.NoError(t, s.find("T1", text))
	s.later(-year)
	require.Equal(t, "session_expired", fault.CodeOf(s.find("T1", text)))

	s.later(5*time.Minute + time.Microsecond)
	text = s.open("T1")
	s.later(-5*time.Minute - time.Microsecond)
	require.Equal(t, "session_expired", fault.CodeOf(s.find("T1", text)))
	s.later(time.Microsecond)
	require.NoError(t, s.find("T1", text), "a clock that is set right by a little signs nobody out")
}
