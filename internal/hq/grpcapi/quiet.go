package grpcapi

import (
	"context"
	"log/slog"
	"net"

	"google.golang.org/grpc/credentials"
)

// quiet are credentials of a server that tell of a failed handshake at debug, as
// the HTTP listener does: whoever reaches the port can make as many as they like.
type quiet struct {
	credentials.TransportCredentials

	log *slog.Logger
}

// ServerHandshake implements credentials.TransportCredentials.
func (q quiet) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := q.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		q.log.DebugContext(context.Background(), "a TLS handshake failed", "error", err)
	}
	return conn, info, err
}

// Clone implements credentials.TransportCredentials.
func (q quiet) Clone() credentials.TransportCredentials {
	return quiet{q.TransportCredentials.Clone(), q.log}
}
