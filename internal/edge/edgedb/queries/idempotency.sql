-- name: LockIdempotencyKey :exec
SELECT pg_advisory_xact_lock(hashtextextended(sqlc.arg(terminal_id)::text || ' ' || sqlc.arg(key)::text, 0));

-- name: GetIdempotencyKey :one
SELECT request_hash, status, body FROM idempotency_keys WHERE terminal_id = $1 AND key = $2;

-- name: InsertIdempotencyKey :exec
INSERT INTO idempotency_keys (terminal_id, key, request_hash, status, body, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: DropOldIdempotencyKeys :execrows
-- At most lim of them: a statement that is short locks little and leaves little to one vacuum.
DELETE FROM idempotency_keys WHERE (terminal_id, key) IN
  (SELECT k.terminal_id, k.key FROM idempotency_keys k WHERE k.created_at < sqlc.arg(before) ORDER BY k.created_at LIMIT sqlc.arg(lim));

-- name: AmendIdempotencyKey :exec
UPDATE idempotency_keys SET body = $3 WHERE terminal_id = $1 AND key = $2;

-- name: DropIdempotencyKey :exec
DELETE FROM idempotency_keys WHERE terminal_id = $1 AND key = $2;
