-- name: GetStore :one
SELECT store_id, currency FROM store;

-- name: InsertStore :execrows
INSERT INTO store (store_id, currency) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: InsertOutboxHead :exec
INSERT INTO outbox_head (store_id) VALUES ($1) ON CONFLICT DO NOTHING;

-- name: InsertTerminal :exec
INSERT INTO terminals (terminal_id, store_id, name, token_hash) VALUES ($1, $2, $3, $4);

-- name: InsertReceiptCounter :exec
INSERT INTO receipt_counters (terminal_id) VALUES ($1);

-- name: RotateTerminalToken :execrows
UPDATE terminals SET token_hash = $2, revoked_at = NULL WHERE terminal_id = $1;

-- name: TerminalByToken :one
SELECT terminal_id FROM terminals WHERE token_hash = $1 AND revoked_at IS NULL;

-- name: ListTerminals :many
SELECT terminal_id, name, created_at, revoked_at FROM terminals ORDER BY terminal_id;

-- name: InsertStaff :exec
INSERT INTO staff (cashier_id, store_id, name, role, token_hash) VALUES ($1, $2, $3, $4, $5);

-- name: GetStaff :one
SELECT cashier_id, name, role, disabled_at FROM staff WHERE cashier_id = $1;

-- name: ListStaff :many
SELECT cashier_id, name, role, created_at, disabled_at FROM staff ORDER BY cashier_id;
