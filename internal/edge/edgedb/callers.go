package edgedb

import "github.com/jackc/pgx/v5"

// WhoCalls queues the look-up of whom the hashes of a terminal's and of a
// session's token belong to. sessionToken is nil if only the terminal is asked
// for; whatever is nobody's stays empty in *row.
func WhoCalls(b *pgx.Batch, terminalToken, sessionToken []byte, row *CallersRow) {
	*row = CallersRow{}
	one(b, func(found CallersRow) { *row = found }, callers, terminalToken, sessionToken)
}
