package postgres

import (
	"context"
	"time"

	"tiem/internal/fault"
)

// Server is a managed PostgreSQL; this system has none.
type Server struct{}

// StartServer refuses: a managed PostgreSQL needs Linux or macOS.
func StartServer(context.Context, ServerConfig) (*Server, error) { return nil, unmanaged() }

// AttachServer refuses: a managed PostgreSQL needs Linux or macOS.
func AttachServer(context.Context, ServerConfig) (*Server, error) { return nil, unmanaged() }

// URL is never reached: there is no Server.
func (*Server) URL() string { return "" }

// PID is never reached: there is no Server.
func (*Server) PID() int { return 0 }

// Ready is never reached: there is no Server.
func (*Server) Ready() bool { return false }

// Close is never reached: there is no Server.
func (*Server) Close(context.Context) error { return nil }

func (*Server) stop(context.Context, time.Duration) error { return nil }

func unmanaged() error {
	return fault.New(fault.Config, "postgres_not_managed", "this program cannot run PostgreSQL itself on Windows").
		Advise("start it with compose, or give it the URL of a database")
}
