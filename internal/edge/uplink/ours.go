package uplink

import (
	"context"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// Alarms of our own, beside those that HQ's refusals raise.
const (
	codeHQAhead = "hq_ahead"    // HQ holds more than this store ever wrote
	codeHole    = "outbox_hole" // HQ needs an event that is gone here
)

// point is a place in the store's log: an event and its hash; the zero point is
// before the first.
type point struct {
	id   int64
	hash wire.Hash
}

// ours makes sure that HQ's point is one of this store's log: HQ ahead of it
// means that this box was restored from an older backup, another hash that two
// boxes wrote under one name. Neither may ever be overwritten.
func (r *Relay) ours(ctx context.Context, hq point) error {
	if hq.id == 0 {
		return nil
	}
	hash, found, err := r.journal.HashOf(ctx, hq.id)
	switch {
	case err != nil:
		return own(err)
	case !found:
		head, err := r.journal.Head(ctx)
		if err != nil || hq.id <= head.Head {
			return own(err) // retired long ago; HQ checks the chain behind it
		}
		return fault.New(fault.Conflict, codeHQAhead, "HQ holds event %d, which this store does not have", hq.id).
			Advise("was this store restored from an older backup? see docs/sync-protocol.md, «Recovery»")
	case hash != hq.hash:
		return forked(hq.id)
	}
	return nil
}

func forked(id int64) error {
	return fault.New(fault.Conflict, wire.CodeFork, "HQ's hash of event %d is not ours", id).
		Advise("two boxes wrote as this store; see docs/sync-protocol.md, «Fork»")
}

// hole refuses to wait for an event that will never come: the one behind after
// is needed, the log goes on to head, and the row is gone. (A row that is there
// and was passed over is locked by somebody else for a moment.)
func (r *Relay) hole(ctx context.Context, after, head int64) error {
	if after >= head {
		return nil
	}
	_, found, err := r.journal.HashOf(ctx, after+1)
	if err != nil || found {
		return own(err)
	}
	return fault.New(fault.Conflict, codeHole, "HQ needs event %d, which this store does not have any more", after+1).
		Advise("run store-edge outbox verify; see docs/sync-protocol.md, «Recovery»")
}

// ownError is a failure of the store's own database, which says nothing about
// the line.
type ownError struct{ error }

func (f ownError) Unwrap() error { return f.error }

func own(err error) error {
	if err == nil {
		return nil
	}
	return ownError{err}
}
