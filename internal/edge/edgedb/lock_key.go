package edgedb

import "github.com/jackc/pgx/v5"

// Holder queues the look-up of the terminal that a token belongs to; *terminalID
// stays empty if it is nobody's.
func Holder(b *pgx.Batch, tokenHash []byte, terminalID *string) {
	*terminalID = ""
	b.Queue(terminalByToken, tokenHash).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(terminalID); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// LockKey queues the lock of an idempotency key and its look-up; found is
// called if an answer is stored.
func LockKey(b *pgx.Batch, terminalID, key string, found func(GetIdempotencyKeyRow)) {
	b.Queue(lockIdempotencyKey, terminalID, key)
	one(b, found, getIdempotencyKey, terminalID, key)
}
