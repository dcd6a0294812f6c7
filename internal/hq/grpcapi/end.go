package grpcapi

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tiem/internal/fault"
	"tiem/internal/wire/wirepb"
)

// reason is why a stream ended with err.
func (c *stream) reason(ctx context.Context, err error) string {
	gone := errors.Is(err, io.EOF) || ctx.Err() != nil
	switch {
	case gone && c.drained:
		return endDrained
	case gone && c.closed.Load(): // its connection may have ended right behind
		return endClosed
	case gone:
		return endLost
	default:
		return endRefused
	}
}

// farewell logs the stream's end and returns its status.
func (c *stream) farewell(ctx context.Context, reason string, err error) error {
	log := c.server.log
	if reason != endRefused {
		log.DebugContext(ctx, "a stream has ended", "store_id", c.storeID, "reason", reason)
		return nil
	}
	refusal := fault.As(err)
	switch code := status.Code(err); {
	case refusal != nil:
	case code == codes.ResourceExhausted, code == codes.Internal: // gRPC's own, and sent: more than 4 MiB, or no message at all
		log.InfoContext(ctx, "a stream was refused", "store_id", c.storeID, "code", "message_unreadable")
		return err
	default:
		refusal = fault.Wrap(err, fault.Internal, internal().Code, "%s", internal().Message)
	}
	switch refusal.Kind {
	case fault.Internal, fault.Config, fault.Usage:
		log.ErrorContext(ctx, "a stream has failed", "store_id", c.storeID, "code", refusal.Code, "error", err)
		refusal = internal()
	case fault.Unavailable, fault.Unknown:
		log.WarnContext(ctx, "a stream has failed", "store_id", c.storeID, "code", refusal.Code, "error", err)
	default:
		c.refused(ctx, refusal)
	}
	return wirepb.FromRefusal(refusal).Err()
}
