package staff_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// An approval that was given while the clock was ahead is none when it is right.
func TestAnApprovalFromTheFuture(t *testing.T) {
	s := withManager(t)
	const year = 365 * 24 * time.Hour
	s.later(year)
	given, err := s.approve(nil)
	require.NoError(t, err)
	s.later(-year)
	_, err = s.permit(given, nil, nil)
	require.Equal(t, "approval_invalid", fault.CodeOf(err))

	s.later(5*time.Minute + time.Microsecond)
	given, err = s.approve(nil)
	require.NoError(t, err)
	s.later(-5*time.Minute - time.Microsecond)
	_, err = s.permit(given, nil, nil)
	require.Equal(t, "approval_invalid", fault.CodeOf(err))
	s.later(time.Microsecond)
	_, err = s.permit(given, nil, nil)
	require.NoError(t, err, "a clock that is set right by a little disturbs nobody")
}
