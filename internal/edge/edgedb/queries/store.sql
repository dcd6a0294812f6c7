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

-- name: RevokeTerminal :execrows
UPDATE terminals SET revoked_at = $2 WHERE terminal_id = $1 AND revoked_at IS NULL;

-- name: TerminalExists :one
SELECT EXISTS (SELECT FROM terminals WHERE terminal_id = $1);

-- name: TerminalByToken :one
SELECT terminal_id FROM terminals WHERE token_hash = $1 AND revoked_at IS NULL;

-- name: ListTerminals :many
SELECT terminal_id, name, created_at, revoked_at FROM terminals ORDER BY terminal_id;

-- name: InsertStaff :exec
INSERT INTO staff (cashier_id, store_id, name, role, pin_hash) VALUES ($1, $2, $3, $4, sqlc.arg(pin_hash)::text);

-- name: GetStaff :one
SELECT cashier_id, name, role, pin_hash, disabled_at FROM staff WHERE cashier_id = $1;

-- name: ListStaff :many
SELECT cashier_id, name, role, (pin_hash IS NOT NULL)::boolean AS has_pin, created_at, disabled_at FROM staff ORDER BY cashier_id;

-- name: DisableStaff :execrows
UPDATE staff SET disabled_at = $2 WHERE cashier_id = $1 AND disabled_at IS NULL;

-- name: EnableStaff :execrows
UPDATE staff SET disabled_at = NULL WHERE cashier_id = $1 AND disabled_at IS NOT NULL;

-- name: StaffExists :one
SELECT EXISTS (SELECT FROM staff WHERE cashier_id = $1);

-- name: ResetPIN :execrows
UPDATE staff SET pin_hash = sqlc.arg(pin_hash)::text WHERE cashier_id = $1;
