-- name: LockHead :one
SELECT store_id, epoch, last_id, last_hash FROM outbox_head FOR UPDATE;

-- name: GetHead :one
SELECT store_id, epoch, last_id, last_hash FROM outbox_head;

-- name: InsertEvent :exec
INSERT INTO outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date,
  payload, hash, traceparent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: AdvanceHead :exec
UPDATE outbox_head SET last_id = $1, last_hash = $2;

-- name: ListEvents :many
SELECT id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date, payload, hash,
       traceparent, created_at, published_at, publish_attempts, last_error
FROM outbox WHERE id > sqlc.arg(after) AND (sqlc.arg(upto)::bigint = 0 OR id <= sqlc.arg(upto)::bigint) ORDER BY id LIMIT sqlc.arg(lim);

-- name: ClaimEvents :many
SELECT id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date, payload, hash, traceparent
FROM outbox WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(lim) FOR UPDATE SKIP LOCKED;

-- name: HashOf :one
SELECT hash FROM outbox WHERE id = $1;

-- name: MarkPublished :exec
UPDATE outbox SET published_at = now(), publish_attempts = publish_attempts + 1, last_error = NULL
WHERE id > (SELECT position FROM sync_cursors WHERE name = 'uplink.published') AND id <= sqlc.arg(upto)::bigint AND published_at IS NULL;

-- name: MarkEventError :exec
UPDATE outbox SET last_error = sqlc.arg(last_error) WHERE id = sqlc.arg(id);

-- name: MarkFailed :exec
UPDATE outbox SET publish_attempts = publish_attempts + 1, last_error = sqlc.arg(last_error)
WHERE id >= sqlc.arg(first_id) AND id <= sqlc.arg(last_id) AND published_at IS NULL;

-- name: SetCursor :exec
UPDATE sync_cursors SET position = $2, updated_at = now() WHERE name = $1;

-- name: RaiseCursor :exec
UPDATE sync_cursors SET position = greatest(position, $2), updated_at = now() WHERE name = $1;

-- name: OldestPending :one
SELECT created_at FROM outbox WHERE id > sqlc.arg(published_upto) ORDER BY id LIMIT 1;

-- name: GetPosition :one
SELECT h.store_id, h.epoch, h.last_id, h.last_hash,
       (SELECT position FROM sync_cursors WHERE name = 'uplink.acked')::bigint AS acked,
       (SELECT position FROM sync_cursors WHERE name = 'uplink.published')::bigint AS published
FROM outbox_head h;
