package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tiem/internal/postgres"
)

// stage is a PostgreSQL server of the bench's own, run and tuned as the
// programs run theirs, in a scratch directory.
type stage struct {
	dir    string
	server *postgres.Server
}

// newStage starts a server. Checkpoints and vacuum are the contests' (settle), so
// that neither falls on one side alone.
func newStage(ctx context.Context, name string, settings ...string) (*stage, error) {
	dir, err := os.MkdirTemp("", "tiem-bench-")
	if err == nil {
		err = os.Chmod(dir, 0o711) // as root, PostgreSQL runs as another user, who must get to it
	}
	if err != nil {
		return nil, err
	}
	cfg := postgres.ServerConfig{Dir: filepath.Join(dir, name), Database: "bench",
		Settings: map[string]string{"max_wal_size": "4GB", "checkpoint_timeout": "30min", "autovacuum": "off"}}
	for _, setting := range settings {
		key, value, _ := strings.Cut(setting, "=")
		cfg.Settings[key] = value
	}
	server, err := postgres.StartServer(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &stage{dir: dir, server: server}, nil
}

func (s *stage) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(s.server.Close(ctx), os.RemoveAll(s.dir))
}

// inUse gives the server as many files for its log as it will need, as one has that
// has run for a while: it uses them again and again. A new server makes each when it
// needs it, 16 MiB of zeros with a flush, for which every commit waits. The stage's
// setting min_wal_size is to be that much.
func (s *stage) inUse(ctx context.Context, files int) error {
	admin, err := postgres.Open(ctx, s.server.URL(), postgres.PoolConfig{MaxConns: 1})
	if err != nil {
		return err
	}
	defer admin.Close()
	for range files {
		if _, err := admin.Exec(ctx, "select pg_logical_emit_message(false, 'bench', 'a file')"); err != nil {
			return err
		}
		if _, err := admin.Exec(ctx, "select pg_switch_wal()"); err != nil {
			return err
		}
	}
	_, err = admin.Exec(ctx, "checkpoint")
	return err
}

// database makes a database with a schema and returns a pool for it.
func (s *stage) database(ctx context.Context, name string, migrations fs.FS, pool postgres.PoolConfig) (*postgres.DB, error) {
	admin, err := postgres.Open(ctx, s.server.URL(), postgres.PoolConfig{MaxConns: 1})
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if _, err := admin.Exec(ctx, "create database "+name+" template template0"); err != nil {
		return nil, err
	}
	at, err := s.url(name)
	if err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, at, migrations); err != nil {
		return nil, err
	}
	return postgres.Open(ctx, at, pool)
}

func (s *stage) url(database string) (string, error) {
	u, err := url.Parse(s.server.URL())
	if err != nil {
		return "", fmt.Errorf("the server's URL: %w", err)
	}
	u.Path = "/" + database
	return u.String(), nil
}
