-- name: GetHead :one
SELECT store_id, epoch, last_id, last_hash FROM outbox_head;

-- name: AppendEvents :one
-- The function is in migrations/00010_handoff.sql; edgedb.Append queues it as the transaction's last statement.
SELECT coalesce(a.store, '')::text AS store, coalesce(a.writer_epoch, 0)::bigint AS epoch, coalesce(a.written_upto, 0)::bigint AS last_id,
       coalesce(a.hashes, '{}')::bytea[] AS hashes
FROM outbox_append_events(sqlc.arg(event_ids)::uuid[], sqlc.arg(aggregate_ids)::uuid[], sqlc.arg(types)::text[], sqlc.arg(versions)::integer[],
  sqlc.arg(occurred_ats)::timestamptz[], sqlc.arg(terminal_ids)::text[], sqlc.arg(cashier_ids)::text[], sqlc.arg(business_dates)::date[],
  sqlc.arg(payloads)::text[], sqlc.arg(traceparents)::text[], sqlc.arg(tails)::bytea[]) a;

-- name: ListEvents :many
SELECT id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date, payload, hash,
       traceparent, created_at, published_at, publish_attempts, last_error
FROM outbox WHERE id > sqlc.arg(after) AND id <= coalesce(nullif(sqlc.arg(upto)::bigint, 0), 9223372036854775807) ORDER BY id LIMIT sqlc.arg(lim);

-- name: ClaimEvents :many
SELECT id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date, payload, hash, traceparent
FROM outbox WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(lim) FOR UPDATE SKIP LOCKED;

-- name: HashOf :one
SELECT hash FROM outbox WHERE id = $1;

-- name: CommitLater :exec
-- For this transaction COMMIT does not wait for the disk.
SELECT set_config('synchronous_commit', 'off', true);

-- name: MarkPublished :exec
UPDATE outbox SET published_at = now(), publish_attempts = publish_attempts + 1, last_error = NULL
WHERE id > coalesce((SELECT position FROM sync_cursors WHERE name = 'uplink.published'), 0) AND id <= sqlc.arg(upto)::bigint AND published_at IS NULL;

-- name: MarkEventError :exec
UPDATE outbox SET last_error = sqlc.arg(last_error) WHERE id = sqlc.arg(id);

-- name: MarkFailed :exec
-- Those of first to last that were never published; if all of them were, the oldest that was not.
UPDATE outbox SET publish_attempts = publish_attempts + 1, last_error = sqlc.arg(last_error)
FROM (SELECT o.id AS oldest FROM outbox o
      WHERE o.id > coalesce((SELECT position FROM sync_cursors WHERE name = 'uplink.published'), 0) AND o.published_at IS NULL
      ORDER BY o.id LIMIT 1) waits
WHERE id >= greatest(sqlc.arg(first_id)::bigint, oldest) AND id <= greatest(sqlc.arg(last_id)::bigint, oldest) AND published_at IS NULL;

-- name: SetCursor :exec
-- A row that is missing is written: without one nothing would ever be marked, and nobody would hear of it.
INSERT INTO sync_cursors (name, position) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = now();

-- name: RaiseCursor :exec
INSERT INTO sync_cursors (name, position) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET position = greatest(sync_cursors.position, excluded.position), updated_at = now();

-- name: OldestPending :one
SELECT created_at FROM outbox WHERE id > sqlc.arg(published_upto) ORDER BY id LIMIT 1;

-- name: GetPosition :one
SELECT h.store_id, h.epoch, h.last_id, h.last_hash,
       coalesce((SELECT position FROM sync_cursors WHERE name = 'uplink.acked'), 0)::bigint AS acked,
       coalesce((SELECT position FROM sync_cursors WHERE name = 'uplink.published'), 0)::bigint AS published
FROM outbox_head h;

-- name: GetHello :one
SELECT h.store_id, h.epoch, h.last_id, h.last_hash, s.first_id FROM outbox_head h, outbox_start s;

-- name: GetStart :one
SELECT first_id, prev_hash FROM outbox_start;

-- name: LockStart :one
SELECT first_id, prev_hash FROM outbox_start FOR UPDATE;

-- name: HoldCursors :exec
-- The relay cannot set a cursor back while somebody acts on it.
SELECT FROM sync_cursors WHERE name IN ('uplink.acked', 'uplink.published') ORDER BY name FOR SHARE;

-- name: RetireEvents :execrows
DELETE FROM outbox WHERE id >= sqlc.arg(first_id)::bigint AND id <= sqlc.arg(last_id)::bigint;

-- name: OldestEvent :one
SELECT id, created_at, published_at FROM outbox ORDER BY id LIMIT 1;

-- name: NewestEvent :one
SELECT id, occurred_at FROM outbox ORDER BY id DESC LIMIT 1;
