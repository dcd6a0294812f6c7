//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// asAdmin runs f on a connection to the cluster's maintenance database.
func (s *Server) asAdmin(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.site.url(superuser))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // each statement has its own answer
	return f(conn)
}

// verify makes sure that what answers on the socket serves our cluster and not
// another: nobody wants to find out later whose data he changed.
func (s *Server) verify(ctx context.Context) error {
	return s.asAdmin(ctx, func(conn *pgx.Conn) error {
		var dir string
		if err := conn.QueryRow(ctx, "show data_directory").Scan(&dir); err != nil {
			return err
		}
		served, err := os.Stat(dir)
		if err != nil {
			return err
		}
		ours, err := os.Stat(s.site.cluster)
		if err != nil {
			return err
		}
		if !os.SameFile(served, ours) {
			return fmt.Errorf("the server at %s serves %s", s.site.socket(), dir)
		}
		return nil
	})
}

// ensureDatabase creates the database if it does not exist.
func (s *Server) ensureDatabase(ctx context.Context) error {
	err := s.asAdmin(ctx, func(conn *pgx.Conn) error {
		var exists bool
		name := s.cfg.database()
		err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists)
		if err != nil || exists {
			return err
		}
		_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == "42P04" || pg.Code == "23505") { // somebody else was faster
			return nil
		}
		return err
	})
	return Fault(err)
}
