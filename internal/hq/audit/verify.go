package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

const batch = 500 // events that are in memory at once

var queries = hqdb.New()

// Report is what a verification saw, up to the first bad row.
type Report struct {
	StoreID   string       `json:"store_id"`
	Events    int64        `json:"events"`
	ChainHash wire.Hash    `json:"chain_hash"` // recomputed, of the last event
	SetAside  int64        `json:"set_aside"`  // events quarantined or waiting
	Sales     int64        `json:"sales"`
	Total     money.Amount `json:"total"` // Σ totals of the sales, in minor units
	Payments  int64        `json:"payments"`
	Voids     int64        `json:"voids"`    // baskets that were given up
	Items     int          `json:"items"`    // in stock, at whatever quantity
	Drifting  int          `json:"drifting"` // of them, HQ's sum is not the store's balance: no fault, but look
	Bad       *BadRowError `json:"bad,omitempty"`
}

// BadRowError is a row that is not what it should be. It is an error, so that the
// checks return it like one.
type BadRowError struct {
	Row     string `json:"row"` // e.g. "hq_inbox S1 event 17"
	Message string `json:"message"`
}

// Error is the finding in one line.
func (f *BadRowError) Error() string { return f.Row + ": " + f.Message }

// Verify checks one store. The error is of the database, or says that the store
// is not there; what is wrong with the data is the report's Bad.
func Verify(ctx context.Context, db *postgres.DB, storeID string) (Report, error) {
	v := &verification{}
	err := db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, "set transaction isolation level repeatable read, read only; set local statement_timeout = 0"); err != nil {
			return err
		}
		v = &verification{tx: tx, stock: map[uuid.UUID]*hqdb.HQInventory{}, heldUp: map[uuid.UUID]bool{}, report: Report{StoreID: storeID}}
		return v.run(ctx)
	})
	if errors.As(err, &v.report.Bad) {
		return v.report, nil
	}
	return v.report, err
}

// verification is one walk over a store's log.
type verification struct {
	tx     *postgres.Tx
	report Report

	lines, taxLines, overrides int64

	stock  map[uuid.UUID]*hqdb.HQInventory // Σ movements so far
	heldUp map[uuid.UUID]bool              // aggregates of which an event is set aside
	last   uuid.UUID                       // the last event's aggregate
}

func (v *verification) run(ctx context.Context) error {
	store := v.report.StoreID
	stream, err := queries.GetStore(ctx, v.tx, store)
	if fault.KindOf(postgres.Fault(err)) == fault.NotFound {
		return fault.New(fault.NotFound, "store_unknown", "HQ has no store %.16q", store)
	}
	if err != nil {
		return err
	}
	for {
		rows, err := queries.ReadInbox(ctx, v.tx, store, v.report.Events, batch)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		if err := v.part(ctx, rows); err != nil {
			return err
		}
	}
	if v.report.Events != stream.ReceivedUpto || v.report.ChainHash != wire.Hash(stream.ChainHash) {
		return &BadRowError{"store_streams " + store, fmt.Sprintf("says complete to %d with %s, the log ends at %d with %s",
			stream.ReceivedUpto, wire.Hash(stream.ChainHash), v.report.Events, v.report.ChainHash)}
	}
	if stream.Quarantined != v.report.SetAside {
		return &BadRowError{"hq_quarantine " + store, fmt.Sprintf("has %d rows, %d events are set aside", stream.Quarantined, v.report.SetAside)}
	}
	return v.totals(ctx)
}

// part checks the next events of the log and the rows that they made.
func (v *verification) part(ctx context.Context, rows []hqdb.ReadInboxRow) error {
	first := v.report.Events + 1
	made, err := v.readMade(ctx, first, rows[len(rows)-1].ID)
	if err != nil {
		return err
	}
	for i := range rows {
		stored := projection.Stored(rows[i])
		event := stored.Event(v.report.StoreID)
		if err := v.chain(&event); err != nil {
			return err
		}
		v.last = event.AggregateID
		if stored.State != projection.Applied {
			v.report.SetAside++
			v.heldUp[event.AggregateID] = true
			continue
		}
		entry := projection.Read(&event)
		if entry.Refusal != nil {
			return v.bad(event.ID, "is marked as applied, but: %s", entry.Refusal.Message)
		}
		if err := v.compare(&entry, made); err != nil {
			return err
		}
	}
	return made.leftOver(v.report.StoreID)
}

// chain checks that the event is the next one and that its hash is that of its bytes.
func (v *verification) chain(event *wire.Event) error {
	next := v.report.Events + 1
	if event.ID != next {
		return v.bad(next, "is missing: %d follows %d", event.ID, v.report.Events)
	}
	if event.Chain(v.report.ChainHash) != event.Hash {
		return v.bad(next, "the hash is not that of its bytes: the row, or the one before it, was changed")
	}
	v.report.Events, v.report.ChainHash = event.ID, event.Hash
	return nil
}

func (v *verification) bad(id int64, format string, args ...any) error {
	return &BadRowError{fmt.Sprintf("hq_inbox %s event %d", v.report.StoreID, id), fmt.Sprintf(format, args...)}
}
