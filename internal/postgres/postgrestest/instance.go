//go:build unix

package postgrestest

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// instance is a running server with the templates made so far.
type instance struct {
	dir     string
	server  *postgres.Server
	janitor *janitor
	clones  atomic.Int64

	mu        sync.Mutex
	templates map[string]*template // by the hash of their migrations
}

func newInstance() (*instance, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dir, err := tempDir()
	if err != nil {
		return nil, err
	}
	i := &instance{dir: dir, templates: map[string]*template{}}
	if i.janitor, err = watchOver(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	i.server, err = postgres.StartServer(ctx, postgres.ServerConfig{
		Dir:      dir,
		Settings: map[string]string{"fsync": "off", "max_connections": "200"},
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir), i.janitor.dismiss())
	}
	return i, nil
}

func (i *instance) close(ctx context.Context) error {
	return errors.Join(i.server.Close(ctx), os.RemoveAll(i.dir), i.janitor.dismiss())
}

// url is the connection string of another database on the server.
func (i *instance) url(database string) string {
	u, err := url.Parse(i.server.URL())
	if err != nil {
		panic(err) // Server.URL made it
	}
	u.Path = "/" + database
	return u.String()
}

// exec runs one statement outside the databases of the tests.
func (i *instance) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, i.server.URL())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// clone makes a database from the template of the migrations. Copying through
// the log (wal_log) spares the two checkpoints that copying files needs.
func (i *instance) clone(ctx context.Context, migrations fs.FS) (string, error) {
	source, err := i.template(ctx, migrations)
	if err != nil {
		return "", err
	}
	name := "test_" + strconv.FormatInt(i.clones.Add(1), 10)
	return name, i.exec(ctx, "create database "+name+" template "+source+" strategy wal_log")
}
