-- name: InsertTransaction :execrows
INSERT INTO transactions (id, store_id, terminal_id, cashier_id, opened_by, status, currency, created_at, updated_at)
VALUES ($1, $2, $3, $4, $4, 'DRAFT', $5, $6, $6) ON CONFLICT (id) DO NOTHING;

-- name: GetTransaction :one
SELECT id, store_id, terminal_id, cashier_id, opened_by, resumed_at, shift_id, status, currency, version, last_line_no, created_at, finalized_at,
       business_date, receipt_no, gross, discount, tax, total, tax_lines
FROM transactions WHERE id = $1;

-- name: LockTransaction :one
SELECT id, store_id, terminal_id, cashier_id, opened_by, resumed_at, shift_id, status, currency, version, last_line_no, created_at, finalized_at,
       business_date, receipt_no, gross, discount, tax, total, tax_lines
FROM transactions WHERE id = $1 FOR UPDATE;

-- name: LinesOf :many
SELECT line_no, item_id, sku, name, unit, category, barcode, age_restricted, quantity_milli, unit_price, gross, discount,
       tax_code, added_at, removed_at, discount_reason, list_price, price_reason, changed_by
FROM line_items WHERE transaction_id = $1 ORDER BY line_no;

-- name: PaymentsOf :many
SELECT id, transaction_id, cashier_id, method, provider, reference, status, amount, tendered, qr_payload, expires_at, created_at, captured_at
FROM payments WHERE transaction_id = $1 ORDER BY created_at, id;

-- name: InsertLine :exec
INSERT INTO line_items (transaction_id, line_no, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, barcode,
  age_restricted, quantity_milli, unit_price, gross, tax_code, added_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: UpdateLine :exec
UPDATE line_items SET quantity_milli = $3, gross = $4, removed_at = $5, unit_price = $6, discount = $7, discount_reason = $8,
  list_price = $9, price_reason = $10, changed_by = $11
WHERE transaction_id = $1 AND line_no = $2;

-- name: TouchTransaction :exec
UPDATE transactions SET status = $2, terminal_id = $3, cashier_id = $4, last_line_no = $5, version = $6, updated_at = $7, resumed_at = $8 WHERE id = $1;

-- name: OverridesOf :many
SELECT line_no, kind, before, after, reason, cashier_id, approved_by, at FROM line_overrides WHERE transaction_id = $1 ORDER BY override_no;

-- name: InsertOverride :exec
INSERT INTO line_overrides (transaction_id, override_no, line_no, store_id, terminal_id, cashier_id, approved_by, kind, before, after, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: ListOpen :many
-- Baskets that are not finished yet. status stands twice, because only the constant lets PostgreSQL use the index of open baskets.
SELECT t.id, t.terminal_id, t.cashier_id, t.opened_by, t.status, t.created_at, t.updated_at, l.lines, l.total, p.paid
FROM transactions t
CROSS JOIN LATERAL (SELECT count(*)::integer AS lines, coalesce(sum(x.gross - x.discount), 0)::bigint AS total
                    FROM line_items x WHERE x.transaction_id = t.id AND x.removed_at IS NULL) l
CROSS JOIN LATERAL (SELECT coalesce(sum(y.amount), 0)::bigint AS paid FROM payments y WHERE y.transaction_id = t.id AND y.status = 'CAPTURED') p
WHERE t.status IN ('DRAFT', 'SUSPENDED') AND t.status = ANY (sqlc.arg(statuses)::text[]) AND t.id > sqlc.arg(after)
  AND (sqlc.arg(terminal_id)::text = '' OR t.terminal_id = sqlc.arg(terminal_id))
ORDER BY t.id LIMIT sqlc.arg(most);

-- name: InsertPayment :exec
INSERT INTO payments (id, transaction_id, store_id, terminal_id, cashier_id, shift_id, method, provider, reference, status, amount,
  tendered, qr_payload, expires_at, created_at, updated_at, captured_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16);

-- name: GetPayment :one
SELECT id, transaction_id, cashier_id, method, provider, reference, status, amount, tendered, qr_payload, expires_at, created_at, captured_at
FROM payments WHERE id = $1;

-- name: UpdatePayment :exec
UPDATE payments SET status = $2, reference = $3, qr_payload = $4, expires_at = $5, updated_at = $6, captured_at = $7, changed_by = $8 WHERE id = $1;

-- name: InsertPaymentException :exec
INSERT INTO payment_exceptions (id, payment_id, transaction_id, store_id, terminal_id, cashier_id, reported, found_status, reported_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (payment_id, reported) DO NOTHING;

-- name: DuePayments :many
SELECT id, transaction_id, coalesce(provider = sqlc.arg(fake) AND created_at <= sqlc.narg(captured_if_before)::timestamptz, false)::boolean AS captured
FROM payments
WHERE status IN ('PENDING', 'UNKNOWN')
  AND ((provider = sqlc.arg(fake) AND created_at <= sqlc.narg(captured_if_before)::timestamptz) OR (status = 'PENDING' AND expires_at < sqlc.arg(expired_if_before)))
ORDER BY created_at LIMIT 100;

-- name: TakeStock :one
-- The function is in migrations/00007_finalize.sql; edgedb.TakeStock queues it.
SELECT coalesce(t.items, '{}')::uuid[] AS items, coalesce(t.quantities, '{}')::bigint[] AS quantities,
       coalesce(t.balances, '{}')::bigint[] AS balances, coalesce(t.receipt_seq, 0)::bigint AS receipt_seq
FROM take_stock(sqlc.arg(sale)::uuid, sqlc.arg(till)::text, sqlc.arg(taken_at)::timestamptz) t;

-- name: FinalizeTransaction :exec
UPDATE transactions SET status = 'PAID', version = version + 1, updated_at = $2, finalized_at = $2, business_date = $3, receipt_seq = $4, receipt_no = $5,
  gross = $6, discount = $7, tax = $8, total = $9, tax_lines = $10, cashier_id = $11
WHERE id = $1;
