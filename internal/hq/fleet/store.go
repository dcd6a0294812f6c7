package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Store is a shop of the chain and how far HQ has its log.
type Store struct {
	wire.StoreSync

	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// List returns at most limit stores with an id above after, ascending.
func (f *Fleet) List(ctx context.Context, after string, limit int32) ([]Store, error) {
	rows, err := queries.ListStores(ctx, f.db, after, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	stores := make([]Store, len(rows))
	for i, row := range rows {
		stores[i] = storeOf(hqdb.GetStoreRow(row))
	}
	return stores, nil
}

// Get returns one store. One that is not there is not found (store_unknown).
func (f *Fleet) Get(ctx context.Context, id string) (Store, error) {
	row, err := queries.GetStore(ctx, f.db, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Store{}, unknown(id)
	}
	if err != nil {
		return Store{}, postgres.Fault(err)
	}
	return storeOf(row), nil
}

func storeOf(row hqdb.GetStoreRow) Store {
	s := Store{Name: row.Name, CreatedAt: row.CreatedAt, StoreSync: wire.StoreSync{
		StoreID:       row.StoreID,
		Epoch:         row.Epoch,
		ReceivedUpto:  row.ReceivedUpto,
		ChainHash:     wire.Hash(row.ChainHash),
		LastSeen:      row.LastSeen,
		Quarantined:   row.Quarantined,
		ClockOffsetMS: row.ClockOffsetMs,
	}}
	if row.ClaimedHead != nil {
		lag := max(0, *row.ClaimedHead-row.ReceivedUpto)
		s.LagEvents = &lag
	}
	return s
}

func unknown(id string) error {
	return fault.New(fault.NotFound, "store_unknown", "HQ has no store %.16q", id).
		Advise("hq-platform store list shows those that it has")
}
