package fleet

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Hear notes what a store says of itself now and then: where its log ends, and
// how its clock stands. A store that does not know yet how far its clock is from
// HQ's is taken at the time that it sent, which is late by its way here. The
// answer is how far HQ has the log, and HQ's clock, read last, so that the store
// can compare. A store that is not there is not found (store_unknown).
func (f *Fleet) Hear(ctx context.Context, storeID string, beat wire.Heartbeat) (wire.HeartbeatAnswer, error) {
	offset := beat.ClockOffsetMS
	if offset == nil {
		ms := beat.SentAt.Sub(f.Now()).Milliseconds()
		offset = &ms
	}
	received, err := queries.RecordHeartbeat(ctx, f.db, &beat.Head, offset, storeID)
	if errors.Is(err, pgx.ErrNoRows) {
		return wire.HeartbeatAnswer{}, unknown(storeID)
	}
	return wire.HeartbeatAnswer{Now: f.Now().UTC(), ReceivedUpto: received}, postgres.Fault(err)
}
