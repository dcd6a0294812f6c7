package edgedb

import (
	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// Append queues events to be written as the transaction's last statement;
// appended is told the id of the last of them, at COMMIT.
func Append(tx *postgres.Tx, events AppendEventsParams, appended func(lastID int64)) {
	tx.Last(appendEvents, func(row pgx.Row) error {
		var last int64
		if err := row.Scan(&last); err != nil {
			return err
		}
		appended(last)
		return nil
	}, events.EventIds, events.AggregateIds, events.Types, events.Versions, events.OccurredAts, events.TerminalIds, events.CashierIds,
		events.BusinessDates, events.Payloads, events.Traceparents, events.Tails)
}
