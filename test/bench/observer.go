package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"tiem/internal/postgres"
)

// The observer's rests: nothing is at HQ sooner than firstLook after COMMIT, and
// between two looks it leaves the cores to those whom it watches.
const (
	firstLook = 300 * time.Microsecond
	betweenIt = 50 * time.Microsecond
)

// observer sees at HQ's server when a sale is durable there: it asks for the
// highest id of the table in which events arrive, from shortly after a COMMIT
// at the shop until the id is there, and rests between sales. A row is visible
// to others once its commit is flushed to disk (synchronous_commit = on). The
// moment is taken to lie in the middle between the last look that did not find
// it and the first that did.
type observer struct {
	conn *pgx.Conn
	look string // the query for the highest id
	sold chan committed
	done chan error
	took []time.Duration
}

// committed is a sale: the id of its last event, and when COMMIT had returned.
type committed struct {
	id int64
	at time.Time
}

// observe starts an observer on a connection of its own.
func observe(ctx context.Context, db *postgres.DB, look string) (*observer, error) {
	conn, err := pgx.ConnectConfig(ctx, db.Pool().Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	const outstanding = 1000
	o := &observer{conn: conn, look: look, sold: make(chan committed, outstanding), done: make(chan error, 1)}
	if _, err := o.highest(ctx); err != nil { // prepares it
		return nil, err
	}
	go func() { o.done <- o.watch(ctx) }()
	return o, nil
}

// finish waits until the last sale is at HQ and returns how long each took.
func (o *observer) finish(ctx context.Context) ([]time.Duration, error) {
	close(o.sold)
	err := <-o.done
	_ = o.conn.Close(ctx) // nothing is written on it
	return o.took, err
}

func (o *observer) watch(ctx context.Context) error {
	runtime.LockOSThread() // naps are the thread's
	defer runtime.UnlockOSThread()
	for {
		select {
		case <-ctx.Done(): // the sale failed: nobody finishes
			return errors.Join(ctx.Err(), o.conn.Close(context.WithoutCancel(ctx)))
		case c, more := <-o.sold:
			if !more {
				return nil
			}
			nap(time.Until(c.at.Add(firstLook)))
			if err := o.await(ctx, []committed{c}); err != nil {
				return err
			}
		}
	}
}

// await looks until nothing that was sold is on its way.
func (o *observer) await(ctx context.Context, waiting []committed) error {
	const lost = 20 * time.Second
	ctx, cancel := context.WithTimeout(ctx, lost)
	defer cancel()
	var missed time.Time // the last look
	for len(waiting) > 0 {
		begun := time.Now()
		upto, err := o.highest(ctx)
		if err != nil {
			return err
		}
		seen := begun.Add(time.Since(begun) / 2)
		rest := waiting[:0]
		for _, c := range waiting {
			if c.id > upto {
				rest = append(rest, c)
				continue
			}
			before := c.at
			if missed.After(before) {
				before = missed
			}
			o.took = append(o.took, before.Add(seen.Sub(before)/2).Sub(c.at))
		}
		missed, waiting = seen, rest
		for more := true; more && len(o.sold) > 0; { // sold meanwhile
			var c committed
			if c, more = <-o.sold; more {
				waiting = append(waiting, c)
			}
		}
		nap(betweenIt)
	}
	return nil
}

func (o *observer) highest(ctx context.Context) (id int64, err error) {
	return id, o.conn.QueryRow(ctx, o.look).Scan(&id)
}

// nap is a sleep of microseconds: Go's own timers are late by up to a
// millisecond while all else waits.
func nap(d time.Duration) {
	if d <= 0 {
		return
	}
	t := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&t, nil) // cut short by a signal: looked sooner
}
