package sim

import (
	"context"
	"log/slog"
	"strconv"

	"tiem/internal/postgres"
)

// sharedPostgres is one PostgreSQL for several shops, each with a database of
// its own. It is a child of this program.
type sharedPostgres struct {
	config postgres.ServerConfig
	server *postgres.Server
}

// connectionsPerShop are more than a store edge's pool, relay and commands take.
const connectionsPerShop = 20

func startShared(ctx context.Context, dir string, shops int) (*sharedPostgres, error) {
	config := postgres.ServerConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler),
		Settings: map[string]string{"max_connections": strconv.Itoa(connectionsPerShop * (shops + 1))}}
	server, err := postgres.StartServer(ctx, config)
	if err != nil {
		return nil, err
	}
	return &sharedPostgres{config, server}, nil
}

// database makes a database and returns its URL.
func (s *sharedPostgres) database(ctx context.Context, name string) (string, error) {
	config := s.config
	config.Database = name
	attached, err := postgres.AttachServer(ctx, config)
	if err != nil {
		return "", err
	}
	return attached.URL(), attached.Close(ctx)
}

func (s *sharedPostgres) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return s.server.Close(ctx)
}
