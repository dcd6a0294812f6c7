-- The caller holds the transaction's row lock, so nobody else counts at the same time.

-- name: InsertReceiptPrint :one
INSERT INTO receipt_prints (transaction_id, copy_no, terminal_id, cashier_id, printed_at)
SELECT sqlc.arg(transaction_id), coalesce(max(copy_no) + 1, 0), sqlc.arg(terminal_id), sqlc.arg(cashier_id), sqlc.arg(printed_at)
FROM receipt_prints WHERE transaction_id = sqlc.arg(transaction_id)
RETURNING copy_no;
