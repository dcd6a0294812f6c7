-- name: Callers :one
-- Whose the two tokens are, always in one row: what is nobody's is empty. Without a session's token (NULL) the row
-- tells of the terminal only.
SELECT coalesce(t.terminal_id, '')::text AS terminal_id, coalesce(s.terminal_id, '')::text AS session_terminal,
       coalesce(s.cashier_id, '')::text AS cashier_id, coalesce(p.name, '')::text AS name, coalesce(p.role, '')::text AS role,
       s.opened_at, s.expires_at, s.ended_at, p.disabled_at
FROM (SELECT) nothing
LEFT JOIN terminals t ON t.token_hash = sqlc.arg(terminal_token)::bytea AND t.revoked_at IS NULL
LEFT JOIN sessions s ON s.token_hash = sqlc.narg(session_token)::bytea
LEFT JOIN staff p ON p.cashier_id = s.cashier_id;

-- name: InsertSession :exec
INSERT INTO sessions (token_hash, terminal_id, cashier_id, opened_at, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: EndSession :execrows
UPDATE sessions SET ended_at = sqlc.arg(ended_at)::timestamptz WHERE token_hash = $1 AND ended_at IS NULL;

-- name: EndSessionsOfTerminal :exec
UPDATE sessions SET ended_at = sqlc.arg(ended_at)::timestamptz WHERE terminal_id = $1 AND ended_at IS NULL;

-- name: EndSessionsOfCashier :exec
UPDATE sessions SET ended_at = sqlc.arg(ended_at)::timestamptz WHERE cashier_id = $1 AND ended_at IS NULL;

-- name: LockPerson :exec
-- Seed 1: not a lock of an idempotency key.
SELECT pg_advisory_xact_lock(hashtextextended(sqlc.arg(cashier_id)::text, 1));

-- name: AttemptsOf :many
SELECT terminal_id, failures, last_at FROM pin_attempts WHERE cashier_id = $1 AND terminal_id IN ('', sqlc.arg(terminal_id)::text);

-- name: CountAttempt :exec
INSERT INTO pin_attempts (cashier_id, terminal_id, failures, last_at)
VALUES (sqlc.arg(cashier_id), '', 1, sqlc.arg(at)), (sqlc.arg(cashier_id), sqlc.arg(terminal_id), 1, sqlc.arg(at))
ON CONFLICT (cashier_id, terminal_id) DO UPDATE SET failures = least(pin_attempts.failures + 1, 1000), last_at = excluded.last_at;

-- name: RestartPause :exec
UPDATE pin_attempts SET last_at = sqlc.arg(at) WHERE cashier_id = $1 AND terminal_id IN ('', sqlc.arg(terminal_id)::text) AND last_at > sqlc.arg(at);

-- name: ForgiveAttempts :exec
-- What was counted up to a try, if nothing was counted since. here and in_store are the counts with that try.
DELETE FROM pin_attempts WHERE cashier_id = $1 AND terminal_id IN ('', sqlc.arg(terminal_id)::text) AND last_at = sqlc.arg(at)
  AND failures <= CASE terminal_id WHEN '' THEN sqlc.arg(in_store)::integer ELSE sqlc.arg(here)::integer END;

-- name: KeepLaterAttempts :exec
-- What was counted since a try stays when that one is forgiven.
UPDATE pin_attempts SET failures = failures - CASE terminal_id WHEN '' THEN sqlc.arg(in_store)::integer ELSE sqlc.arg(here)::integer END
WHERE cashier_id = $1 AND terminal_id IN ('', sqlc.arg(terminal_id)::text)
  AND failures > CASE terminal_id WHEN '' THEN sqlc.arg(in_store)::integer ELSE sqlc.arg(here)::integer END;

-- name: ForgiveAllAttempts :exec
DELETE FROM pin_attempts WHERE cashier_id = $1;

-- name: InsertApproval :exec
INSERT INTO approvals (token_hash, terminal_id, cashier_id, approved_by, permission, transaction_id, granted_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: UseApproval :one
-- Nobody's word counts who was disabled since, nor one that was given while the clock was ahead.
UPDATE approvals SET used_at = sqlc.arg(at)
WHERE token_hash = $1 AND terminal_id = $2 AND approvals.cashier_id = $3 AND permission = $4 AND transaction_id = $5
  AND used_at IS NULL AND expires_at > sqlc.arg(at) AND granted_at <= sqlc.arg(not_after)::timestamptz
  AND EXISTS (SELECT FROM staff s WHERE s.cashier_id = approvals.approved_by AND s.disabled_at IS NULL)
RETURNING approved_by;

-- name: InsertPairingCode :exec
INSERT INTO pairing_codes (code_hash, terminal_id, name, made_by, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: UsePairingCode :one
-- Not that of somebody who was disabled since, nor one that was made while the clock was ahead.
UPDATE pairing_codes SET used_at = sqlc.arg(at)
WHERE code_hash = $1 AND used_at IS NULL AND expires_at > sqlc.arg(at) AND made_at <= sqlc.arg(not_after)::timestamptz
  AND (made_by = '' OR EXISTS (SELECT FROM staff s WHERE s.cashier_id = pairing_codes.made_by AND s.disabled_at IS NULL))
RETURNING terminal_id, name;

-- name: UsePairingCodesOf :execrows
UPDATE pairing_codes SET used_at = sqlc.arg(at)::timestamptz WHERE terminal_id = $1 AND used_at IS NULL;

-- name: DropOldSessions :execrows
DELETE FROM sessions WHERE token_hash IN (SELECT s.token_hash FROM sessions s WHERE s.expires_at < sqlc.arg(before) ORDER BY s.expires_at LIMIT sqlc.arg(lim));

-- name: DropOldApprovals :execrows
DELETE FROM approvals WHERE token_hash IN (SELECT a.token_hash FROM approvals a WHERE a.expires_at < sqlc.arg(before) ORDER BY a.expires_at LIMIT sqlc.arg(lim));

-- name: DropOldPairingCodes :execrows
DELETE FROM pairing_codes WHERE code_hash IN (SELECT p.code_hash FROM pairing_codes p WHERE p.expires_at < sqlc.arg(before) ORDER BY p.expires_at LIMIT sqlc.arg(lim));

-- name: DropOldAttempts :execrows
DELETE FROM pin_attempts WHERE (cashier_id, terminal_id) IN
  (SELECT p.cashier_id, p.terminal_id FROM pin_attempts p WHERE p.last_at < sqlc.arg(before) ORDER BY p.last_at LIMIT sqlc.arg(lim));
