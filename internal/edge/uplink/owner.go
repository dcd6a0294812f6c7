package uplink

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
)

// relayLock is the advisory lock of "the one relay of this store": "TIEM" in
// ASCII, and 1.
const relayLock int64 = 0x5449454D<<8 | 1

// Run relays the outbox in db until ctx is done. It holds the relay's lock on a
// connection of its own, listens there for hints of other processes, and stops sending as soon as
// that connection is gone. Everything that fails is tried again.
func (r *Relay) Run(ctx context.Context, db *postgres.DB) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		started := time.Now()
		err := r.own(ctx, db)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > r.cfg.RetryMax {
			attempt = 1
		}
		r.log.Warn("relay: not the owner", "error", err, "attempts", attempt)
		sleep(ctx, max(pause(attempt, r.cfg.RetryMin, 5*time.Second), 50*time.Millisecond))
	}
}

// own takes the lock and drives the relay while it has it.
func (r *Relay) own(ctx context.Context, db *postgres.DB) error {
	conn, err := pgx.ConnectConfig(ctx, db.Pool().Config().ConnConfig)
	if err != nil {
		return postgres.Fault(err)
	}
	defer func() {
		done, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(done) // the lock goes with the connection either way
	}()
	var mine bool
	if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", relayLock).Scan(&mine); err != nil {
		return postgres.Fault(err)
	}
	if !mine {
		return errAnotherRelay
	}
	if _, err := conn.Exec(ctx, "listen "+outbox.Channel); err != nil {
		return postgres.Fault(err)
	}
	r.log.Info("relay: owner of the uplink")
	owned, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(owned, conn, lost)
	}()
	r.Drive(owned)
	lost(nil)
	<-watched
	return context.Cause(owned)
}

// watch turns notifications into hints and gives the ownership up when the
// connection that holds the lock fails.
func (r *Relay) watch(ctx context.Context, conn *pgx.Conn, lost context.CancelCauseFunc) {
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			if ctx.Err() == nil {
				r.log.Warn("relay: the connection that holds the lock is gone", slog.Any("error", err))
			}
			lost(err)
			return
		}
		r.Wake()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
