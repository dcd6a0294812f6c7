package grpcapi

import (
	"context"
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc"

	"tiem/internal/fault"
	"tiem/internal/wire/wirepb"
)

// catchCall answers a panic with INTERNAL; gRPC itself would end the process.
func (s *Server) catchCall(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, wirepb.FromRefusal(s.panicked(ctx, call.FullMethod, p)).Err()
		}
	}()
	return handle(ctx, in)
}

func (s *Server) catchStream(service any, rpc grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = wirepb.FromRefusal(s.panicked(rpc.Context(), call.FullMethod, p)).Err()
		}
	}()
	return handle(service, rpc)
}

// panicked logs a panic and returns what a client is told of it.
func (s *Server) panicked(ctx context.Context, method string, p any) *fault.Error {
	s.log.ErrorContext(ctx, "panic", "method", method, "error", fmt.Sprint(p), "stack", string(debug.Stack()))
	return internal()
}

// internal is what a client is told of a bug.
func internal() *fault.Error {
	return fault.New(fault.Internal, "internal_error", "something is wrong at HQ")
}
