package uplink

import (
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tiem/internal/fault"
	"tiem/internal/wire/wirepb"
)

// refusalOf turns the end of a stream into a fault: HQ's refusal by its code and
// details, else by the status alone, which somebody between may have said.
func refusalOf(err error) error {
	if f := fault.As(err); f != nil {
		return f
	}
	if errors.Is(err, io.EOF) { // HQ let the stream go without a word
		return fault.Wrap(err, fault.Unavailable, "hq_unreachable", "HQ has ended the stream")
	}
	st := status.Convert(err)
	if refusal := wirepb.Refusal(st); refusal != nil {
		return refusal
	}
	switch st.Code() { //nolint:exhaustive // the others are somebody's answer
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.Unknown, codes.Internal:
		return fault.Wrap(err, fault.Unavailable, "hq_unreachable", "the gRPC stream to HQ broke off")
	case codes.Unimplemented, codes.NotFound:
		return fault.Wrap(err, fault.NotFound, "hq_refused", "whoever answers knows no stream of events").
			Advise("is %s the address of an hq-platform's gRPC listener?", targetSetting)
	}
	return fault.Wrap(err, wirepb.KindOf(st.Code()), "hq_refused", "whoever answers says %s", st.Code())
}

// refusedBy tells whether HQ itself said no.
func refusedBy(err error) bool { return wirepb.Refusal(status.Convert(err)) != nil }
