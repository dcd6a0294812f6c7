package wirepb_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// What HQ refuses is what the store hears, over gRPC as over HTTP.
func TestARefusalTravels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		refusal *fault.Error
		status  codes.Code
		kind    fault.Kind
	}{
		{fault.New(fault.Conflict, wire.CodeGap, "a gap").With("expected_id", int64(7)).With("chain_hash", wire.Hash{3}), codes.OutOfRange, fault.Conflict},
		{fault.New(fault.Conflict, wire.CodeFork, "a fork").With("at_id", int64(7)), codes.FailedPrecondition, fault.Conflict},
		{fault.New(fault.Conflict, wire.CodeFenced, "fenced").With("epoch", int64(2)), codes.FailedPrecondition, fault.Conflict},
		{fault.New(fault.Conflict, wire.CodeEventIDReused, "reused").With("at_id", int64(2)), codes.FailedPrecondition, fault.Conflict},
		{fault.New(fault.Conflict, wire.CodeRewind, "rewind").With("received_upto", int64(2)).With("chain_hash", wire.Hash{}), codes.FailedPrecondition, fault.Conflict},
		{fault.New(fault.Invalid, wire.CodeHashMismatch, "hash").With("at_id", int64(2)), codes.InvalidArgument, fault.Invalid},
		{fault.New(fault.Malformed, wire.CodeBatchInvalid, "bytes").At("events.hash"), codes.InvalidArgument, fault.Invalid},
		{fault.New(fault.Unauthorized, "token_invalid", "token").Advise("ask HQ"), codes.Unauthenticated, fault.Unauthorized},
		{fault.New(fault.Forbidden, wire.CodeStoreForbidden, "store"), codes.PermissionDenied, fault.Forbidden},
		{fault.New(fault.NotFound, wire.CodeStoreUnknown, "store"), codes.NotFound, fault.NotFound},
		{fault.New(fault.TooLarge, "batch_too_large", "large"), codes.ResourceExhausted, fault.TooLarge},
		{fault.New(fault.Throttled, wirepb.CodeCreditExceeded, "credit"), codes.ResourceExhausted, fault.Throttled},
		{fault.New(fault.Unavailable, "database_unavailable", "away"), codes.Unavailable, fault.Unavailable},
		{fault.New(fault.Unknown, "commit_unknown", "in doubt"), codes.Unavailable, fault.Unavailable},
		{fault.New(fault.Timeout, "hello_timeout", "late"), codes.Unavailable, fault.Unavailable},
		{fault.New(fault.Unsupported, "unsupported", "no"), codes.Unimplemented, fault.NotFound},
		{fault.New(fault.Internal, "internal_error", "a bug"), codes.Internal, fault.Unavailable},
	} {
		st := wirepb.FromRefusal(c.refusal)
		require.Equal(t, c.status, st.Code(), c.refusal.Code)
		heard := wirepb.Refusal(status.Convert(st.Err()))
		require.NotNil(t, heard)
		require.Equal(t, c.kind, heard.Kind, c.refusal.Code)
		require.Equal(t, []string{c.refusal.Code, c.refusal.Field, c.refusal.Hint}, []string{heard.Code, heard.Field, heard.Hint})
		require.Equal(t, c.refusal.Details, heard.Details)
	}
}

// The cause of a fault is for HQ's log.
func TestARefusalKeepsItsCauseToItself(t *testing.T) {
	t.Parallel()
	st := wirepb.FromRefusal(fault.Wrap(errors.New("dsn with a password"), fault.Unavailable, "database_unavailable", "away"))
	require.NotContains(t, st.Proto().String(), "password")
}

func TestAKnownWaitIsToldAsGRPCDoes(t *testing.T) {
	t.Parallel()
	for _, detail := range wirepb.FromRefusal(fault.New(fault.Throttled, "slow_down", "wait").With("retry_after_seconds", 3)).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			require.Equal(t, 3*time.Second, info.GetRetryDelay().AsDuration())
			return
		}
	}
	require.Fail(t, "no RetryInfo")
}

// A store that is asked to wait waits, and does not send less.
func TestAStoreHearsForHowLongToWait(t *testing.T) {
	t.Parallel()
	heard := wirepb.Refusal(wirepb.FromRefusal(fault.New(fault.Throttled, "slow_down", "wait").With("retry_after_seconds", 3)))
	require.Equal(t, fault.Throttled, heard.Kind)
	require.Equal(t, 3*time.Second, heard.Details["retry_after"])
	heard = wirepb.Refusal(wirepb.FromRefusal(fault.New(fault.TooLarge, "body_too_large", "large")))
	require.Equal(t, fault.TooLarge, heard.Kind)
	require.NotContains(t, heard.Details, "retry_after")
}

func TestWhatSomebodyElseSaysIsNoRefusal(t *testing.T) {
	t.Parallel()
	require.Nil(t, wirepb.Refusal(status.New(codes.Unavailable, "a proxy")))
	foreign, err := status.New(codes.OutOfRange, "").WithDetails(&errdetails.ErrorInfo{Reason: wire.CodeGap, Domain: "example.com"})
	require.NoError(t, err)
	require.Nil(t, wirepb.Refusal(foreign))
	unnamed, err := status.New(codes.OutOfRange, "").WithDetails(&errdetails.ErrorInfo{Domain: wirepb.RefusalDomain})
	require.NoError(t, err)
	require.Nil(t, wirepb.Refusal(unnamed))
}
