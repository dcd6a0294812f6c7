package edgedb

import (
	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// Append queues events to be written as the transaction's last statement;
// appended is told their places and hashes, at COMMIT.
func Append(tx *postgres.Tx, events AppendEventsParams, appended func(AppendEventsRow)) {
	tx.Last(appendEvents, func(row pgx.Row) error {
		var got AppendEventsRow
		if err := row.Scan(&got.Store, &got.Epoch, &got.LastID, &got.Hashes); err != nil {
			return err
		}
		appended(got)
		return nil
	}, events.EventIds, events.AggregateIds, events.Types, events.Versions, events.OccurredAts, events.TerminalIds, events.CashierIds,
		events.BusinessDates, events.Payloads, events.Traceparents, events.Tails)
}
