package grpcapi

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"tiem/internal/wire/wirepb"
)

const readyTimeout = 5 * time.Second

// health answers grpc.health.v1's Check as /ready does: it looks each time.
// There is no Watch: who wants to know asks.
type health struct {
	grpc_health_v1.UnimplementedHealthServer

	server *Server
}

// Check implements the health service, for the whole server ("") and for the
// stream of events.
func (h *health) Check(ctx context.Context, in *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if name := in.GetService(); name != "" && name != wirepb.SyncService_ServiceDesc.ServiceName {
		return nil, status.Error(codes.NotFound, "there is no such service")
	}
	answer := &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
	select {
	case <-h.server.draining:
		answer.Status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
		return answer, nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := h.server.parts.Ready(ctx); err != nil {
		answer.Status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return answer, nil
}
