package wirepb

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// RefusalDomain is the domain of an ErrorInfo that comes from HQ itself.
const RefusalDomain = "tiem"

// CodeCreditExceeded is a refusal that only a stream has: RESOURCE_EXHAUSTED, the
// store sent more batches than it had credit for.
const CodeCreditExceeded = "credit_exceeded"

// FromRefusal is the status that ends a stream with refusal: its code is the
// reason of an ErrorInfo, its details are the metadata, as text.
func FromRefusal(refusal *fault.Error) *status.Status {
	info := &errdetails.ErrorInfo{Reason: refusal.Code, Domain: RefusalDomain, Metadata: map[string]string{}}
	for key, value := range refusal.Details {
		info.Metadata[key] = fmt.Sprint(value)
	}
	if refusal.Hint != "" {
		info.Metadata["hint"] = refusal.Hint
	}
	if refusal.Field != "" {
		info.Metadata["field"] = refusal.Field
	}
	details := []protoadapt.MessageV1{info}
	if seconds, err := strconv.ParseFloat(info.Metadata["retry_after_seconds"], 64); err == nil {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(seconds * float64(time.Second)))})
	}
	st := status.New(statusOf(refusal), refusal.Message)
	if detailed, err := st.WithDetails(details...); err == nil {
		return detailed
	}
	return st
}

// statusOf is to gRPC what door.Status is to HTTP.
func statusOf(refusal *fault.Error) codes.Code {
	switch refusal.Kind {
	case fault.Malformed, fault.Invalid:
		return codes.InvalidArgument
	case fault.Unauthorized:
		return codes.Unauthenticated
	case fault.Forbidden:
		return codes.PermissionDenied
	case fault.NotFound:
		return codes.NotFound
	case fault.Conflict:
		if refusal.Code == wire.CodeGap {
			return codes.OutOfRange
		}
		return codes.FailedPrecondition
	case fault.TooLarge, fault.Throttled:
		return codes.ResourceExhausted
	case fault.Timeout, fault.Unavailable, fault.Unknown:
		return codes.Unavailable
	case fault.Unsupported:
		return codes.Unimplemented
	case fault.Internal, fault.Config, fault.Usage:
		return codes.Internal
	}
	return codes.Internal
}

// Refusal reads a status that ended a stream, if HQ itself said it; else it is
// nil, and KindOf says what the status alone is worth. Of the details those are
// kept that a client goes by: expected_id, at_id, received_upto, epoch (int64),
// chain_hash (wire.Hash), and retry_after (time.Duration), for how long to leave HQ
// alone.
func Refusal(st *status.Status) *fault.Error {
	info := infoOf(st)
	if info == nil {
		return nil
	}
	e := fault.New(KindOf(st.Code()), info.GetReason(), "HQ answered %s: %s", st.Code(), st.Message())
	if st.Code() == codes.ResourceExhausted && !tooLarge[e.Code] {
		e.Kind = fault.Throttled
	}
	e.Hint, e.Field = info.GetMetadata()["hint"], info.GetMetadata()["field"]
	for _, key := range []string{"expected_id", "at_id", "received_upto", "epoch"} {
		if id, err := strconv.ParseInt(info.GetMetadata()[key], 10, 64); err == nil {
			e = e.With(key, id)
		}
	}
	if wait := waitOf(st); wait > 0 {
		e = e.With("retry_after", wait)
	}
	var hash wire.Hash
	if err := hash.UnmarshalText([]byte(info.GetMetadata()["chain_hash"])); err == nil {
		e = e.With("chain_hash", hash)
	}
	return e
}

// tooLarge are the codes by which a message was refused for its size. Whatever else
// HQ has not enough of, the same message may do better later.
var tooLarge = map[string]bool{"batch_too_large": true, "body_too_large": true}

func waitOf(st *status.Status) time.Duration {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

func infoOf(st *status.Status) *errdetails.ErrorInfo {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == RefusalDomain && info.GetReason() != "" {
			return info
		}
	}
	return nil
}

// KindOf is what a client may do about a status.
func KindOf(code codes.Code) fault.Kind {
	switch code {
	case codes.Unauthenticated:
		return fault.Unauthorized
	case codes.PermissionDenied:
		return fault.Forbidden
	case codes.OutOfRange, codes.FailedPrecondition, codes.Aborted, codes.AlreadyExists:
		return fault.Conflict
	case codes.NotFound, codes.Unimplemented:
		return fault.NotFound // no HQ at this address, or none that knows this store
	case codes.ResourceExhausted:
		return fault.TooLarge
	case codes.InvalidArgument:
		return fault.Invalid
	default: // the same may do better later
		return fault.Unavailable
	}
}
