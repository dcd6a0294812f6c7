package edgedb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// PersonRows is what a try at somebody's PIN begins with.
type PersonRows struct {
	Found    bool // else nobody has this id, and Person is empty
	Person   GetStaffRow
	Attempts []AttemptsOfRow // at this terminal, and at all of them (TerminalID is empty): those that there are
}

// LockPersonFor locks the tries at a person's PIN and reads them with the
// person, in one round trip.
func LockPersonFor(ctx context.Context, tx *postgres.Tx, cashierID, terminalID string) (rows PersonRows, err error) {
	b := &pgx.Batch{}
	b.Queue(lockPerson, cashierID)
	one(b, func(row GetStaffRow) { rows.Found, rows.Person = true, row }, getStaff, cashierID)
	collect(b, &rows.Attempts, attemptsOf, cashierID, terminalID)
	return rows, tx.Send(ctx, b)
}
