package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestErrorIsForLogs(t *testing.T) {
	err := fault.Wrap(io.ErrUnexpectedEOF, fault.Unavailable, "hq_unreachable", "HQ does not answer").At("HQ_URL").Advise("is it up?")
	require.EqualError(t, err, "HQ_URL: HQ does not answer (is it up?): unexpected EOF")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the cause is kept")
	require.NotContains(t, err.Message, "EOF", "and people never see it")
}

func TestWhatAWrapperHides(t *testing.T) {
	inner := fault.New(fault.Conflict, "payment_incomplete", "%d of %d is paid", 1, 2).With("due", 1)
	outer := fmt.Errorf("till T1: %w", inner)
	require.Same(t, inner, fault.As(outer))
	require.Equal(t, fault.Conflict, fault.KindOf(outer))
	require.Equal(t, "payment_incomplete", fault.CodeOf(outer))
	require.Equal(t, map[string]any{"due": 1}, fault.As(outer).Details)
}

func TestAnErrorThatNobodyClassifiedIsOurs(t *testing.T) {
	require.Equal(t, fault.Internal, fault.KindOf(errors.New("bug")))
	require.Empty(t, fault.CodeOf(errors.New("bug")))
	require.Nil(t, fault.As(nil))
}

func TestExitCodes(t *testing.T) {
	require.Equal(t, 0, fault.ExitCode(nil))
	require.Equal(t, 1, fault.ExitCode(errors.New("bug")))
	require.Equal(t, 1, fault.ExitCode(fault.New(fault.Conflict, "chain_broken", "broken")))
	require.Equal(t, 2, fault.ExitCode(fault.New(fault.Usage, "usage", "usage")))
	require.Equal(t, 78, fault.ExitCode(fmt.Errorf("start: %w", fault.New(fault.Config, "setting_invalid", "bad"))))
}
