package uplink

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Alarms of our own, beside those that HQ's refusals raise.
const (
	codeHQAhead = "hq_ahead"    // HQ holds more than this store ever wrote
	codeHole    = "outbox_hole" // HQ needs an event that is gone here
)

// ours makes sure that (id, hash) is a point of this store's log: HQ ahead of it
// means that this box was restored from an older backup, another hash that two
// boxes wrote under one name. Neither may ever be overwritten.
func (r *Relay) ours(ctx context.Context, id int64, hash wire.Hash) error {
	if id == 0 {
		return nil
	}
	stored, err := edgedb.New().HashOf(ctx, r.db, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if head, err := edgedb.New().GetHead(ctx, r.db); err != nil || id <= head.LastID {
			return postgres.Fault(err) // retired long ago; HQ checks the chain behind it
		}
		return fault.New(fault.Conflict, codeHQAhead, "HQ holds event %d, which this store does not have", id).
			Advise("was this store restored from an older backup? see docs/sync-protocol.md, «Recovery»")
	case err != nil:
		return postgres.Fault(err)
	case !bytes.Equal(stored, hash[:]):
		return fault.New(fault.Conflict, wire.CodeFork, "HQ's hash of event %d is not ours", id).
			Advise("two boxes wrote as this store; see docs/sync-protocol.md, «Fork»")
	}
	return nil
}

// hole refuses to wait for an event that will never come: HQ asks for id, the
// log goes on to head, and the row is gone. (A row that is there and was passed
// over is locked by somebody else for a moment.)
func (r *Relay) hole(ctx context.Context, id, head int64) error {
	if id > head {
		return nil
	}
	_, err := edgedb.New().HashOf(ctx, r.db, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.Conflict, codeHole, "HQ needs event %d, which this store does not have any more", id).
			Advise("run store-edge outbox verify; see docs/sync-protocol.md, «Recovery»")
	}
	return postgres.Fault(err)
}
