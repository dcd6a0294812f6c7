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
// before the first, with zeros for a hash: where every log begins.
type point struct {
	id   int64
	hash wire.Hash
}

// ours makes sure that HQ's point is one of this store's log: HQ ahead of it
// means that this box was restored from an older backup, another hash that two
// boxes wrote under one name, or that a row was changed behind HQ's back. Neither
// may ever be overwritten. That is so of point zero, too: an HQ that claims to
// have nothing, with a hash, does not know what it has.
func (r *Relay) ours(ctx context.Context, hq point) error {
	switch {
	case hq == point{}:
		return nil
	case hq.id <= 0:
		return forkedAtZero(hq)
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

// forkedAtZero is the fork of an HQ that stands before the first event, and not
// where every log begins. It is no matter of another box: HQ's own row says two
// things, and hq-platform verify finds it.
func forkedAtZero(hq point) error {
	return fault.New(fault.Conflict, wire.CodeFork, "HQ stands at event %d with the hash %s, and no log begins there", hq.id, hq.hash).
		Advise("run hq-platform verify at HQ; see docs/sync-protocol.md, «Fork»")
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
