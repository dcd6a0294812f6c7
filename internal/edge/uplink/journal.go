package uplink

import (
	"context"

	"tiem/internal/wire"
)

// Journal is the store's log, as the relay needs it. The outbox in PostgreSQL is
// one (journalDB); the seeded simulation of wiretest has another in memory, so
// that thousands of histories run through this relay in virtual time
// (docs/decisions/0010). Both pass the same suite. Errors are faults.
type Journal interface {
	// Head is the log's last event, 0 and the zero Hash while it is empty, with
	// the store, the present epoch and the first id that is still there.
	Head(ctx context.Context) (wire.Hello, error)
	// Read returns up to limit consecutive events behind after, of at most
	// maxBytes of payload (but one at least); none if there is nothing.
	Read(ctx context.Context, after int64, limit int, maxBytes int) ([]wire.Event, error)
	// HashOf is the hash of event id; found is false if it is not there (any more).
	HashOf(ctx context.Context, id int64) (hash wire.Hash, found bool, err error)
	// Mark records HQ's watermark: every event up to it is published, those that
	// HQ set aside with the reason. Published is monotone, the watermark is not.
	Mark(ctx context.Context, upto int64, setAside []wire.EventError) error
	// Failed records an attempt that HQ did not acknowledge, and why: for those of
	// the events first to last that it never acknowledged, or, if it once had all of
	// them, for the oldest that it never had, which waits for the same reason.
	Failed(ctx context.Context, first, last int64, reason string) error
}
