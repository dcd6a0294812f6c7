package fleet

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Standing notes where the store says that its log ends, and tells how far HQ
// has it: StoreID, Epoch, ReceivedUpto and ChainHash. A store that is not there is
// not found (store_unknown).
func (f *Fleet) Standing(ctx context.Context, storeID string, head int64) (wire.StoreSync, error) {
	row, err := queries.RecordHead(ctx, f.db, &head, storeID)
	if errors.Is(err, pgx.ErrNoRows) {
		return wire.StoreSync{}, unknown(storeID)
	}
	if err != nil {
		return wire.StoreSync{}, postgres.Fault(err)
	}
	return wire.StoreSync{StoreID: storeID, Epoch: row.Epoch, ReceivedUpto: row.ReceivedUpto, ChainHash: wire.Hash(row.ChainHash)}, nil
}
