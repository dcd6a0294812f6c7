package edgedb

import (
	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SaleRows is everything stored about one transaction.
type SaleRows struct {
	Found       bool // else there is no such transaction, and nothing below is set
	Transaction GetTransactionRow
	Lines       []LinesOfRow
	Payments    []PaymentsOfRow
	Overrides   []OverridesOfRow
}

// LockSale queues statements that lock the transaction and read all of it into rows.
func LockSale(b *pgx.Batch, id uuid.UUID, rows *SaleRows) { saleBatch(b, rows, lockTransaction, id) }

// Rates queues the reading of all tax rates.
func Rates(b *pgx.Batch, rates *[]AllRatesRow) { collect(b, rates, allRates) }

// OpenSale queues the insert of a transaction, of which inserted becomes 1 unless
// the id is taken, and then LockSale.
func OpenSale(b *pgx.Batch, t InsertTransactionParams, inserted *int64, rows *SaleRows) {
	b.Queue(insertTransaction, t.ID, t.StoreID, t.TerminalID, t.CashierID, t.Currency, t.CreatedAt).Exec(func(tag pgconn.CommandTag) error {
		*inserted = tag.RowsAffected()
		return nil
	})
	LockSale(b, t.ID, rows)
}

// ReadSale queues statements that read all of a transaction without locking it.
// It is one snapshot only as far as each statement is; a reader that must not
// see a change half-way locks.
func ReadSale(b *pgx.Batch, id uuid.UUID, rows *SaleRows) { saleBatch(b, rows, getTransaction, id) }

func saleBatch(b *pgx.Batch, rows *SaleRows, head string, id uuid.UUID) {
	*rows = SaleRows{}
	one(b, func(row GetTransactionRow) { rows.Found, rows.Transaction = true, row }, head, id)
	collect(b, &rows.Lines, linesOf, id)
	collect(b, &rows.Payments, paymentsOf, id)
	collect(b, &rows.Overrides, overridesOf, id)
}
