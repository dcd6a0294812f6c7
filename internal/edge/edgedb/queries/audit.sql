-- name: InsertAudit :exec
INSERT INTO audit_log (at, terminal_id, cashier_id, approved_by, action, subject, reason, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: ListAudit :many
SELECT id, at, terminal_id, cashier_id, approved_by, action, subject, reason, detail
FROM audit_log WHERE id > @after ORDER BY id LIMIT @most;
