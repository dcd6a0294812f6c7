package edgedb

import "github.com/jackc/pgx/v5"

// LockKey queues the lock of an idempotency key and its look-up; found is
// called if an answer is stored.
func LockKey(b *pgx.Batch, terminalID, key string, found func(GetIdempotencyKeyRow)) {
	b.Queue(lockIdempotencyKey, terminalID, key)
	one(b, found, getIdempotencyKey, terminalID, key)
}
