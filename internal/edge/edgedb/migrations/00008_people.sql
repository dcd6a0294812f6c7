-- +goose Up
-- People at the tills: who they are, who is signed in where, and who did what with whose approval.

-- A person's PIN takes the place of a token that nothing ever asked for. Somebody who was on the staff
-- before has none yet: store-edge staff reset-pin gives one.
ALTER TABLE staff DROP COLUMN token_hash,
  ADD COLUMN pin_hash text CHECK (pin_hash LIKE '$argon2id$%');
COMMENT ON COLUMN staff.pin_hash IS 'The PIN as argon2id, in PHC form, so that its cost can grow; NULL: no PIN yet, nobody signs in.';
CREATE TRIGGER staff_identity BEFORE UPDATE ON staff
  FOR EACH ROW WHEN (NEW.cashier_id <> OLD.cashier_id OR NEW.store_id <> OLD.store_id OR NEW.created_at <> OLD.created_at)
  EXECUTE FUNCTION refuse_change('a person''s id is fixed: it stands on what they did');
CREATE TRIGGER staff_are_kept BEFORE DELETE ON staff
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a person is disabled, never deleted');

-- Columns that say what was, and are written once; the one that is left to change goes one way.
CREATE TABLE sessions (
  token_hash  bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  terminal_id text NOT NULL REFERENCES terminals,
  cashier_id  text NOT NULL REFERENCES staff,
  opened_at   timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL CHECK (expires_at > opened_at),
  ended_at    timestamptz
);
CREATE INDEX sessions_age ON sessions (expires_at);
CREATE INDEX sessions_open ON sessions (terminal_id, cashier_id) WHERE ended_at IS NULL;
COMMENT ON TABLE sessions IS 'A person who is, or was, signed in at a terminal. Dropped a week after it ended.';
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of a token of 256 random bits, as in terminals.';
CREATE TRIGGER sessions_one_way BEFORE UPDATE ON sessions
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL OR NEW.token_hash <> OLD.token_hash OR NEW.terminal_id <> OLD.terminal_id
                     OR NEW.cashier_id <> OLD.cashier_id OR NEW.opened_at <> OLD.opened_at OR NEW.expires_at <> OLD.expires_at)
  EXECUTE FUNCTION refuse_change('a session only ends, once');

CREATE TABLE approvals (
  token_hash     bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  terminal_id    text NOT NULL REFERENCES terminals,
  cashier_id     text NOT NULL REFERENCES staff,
  approved_by    text NOT NULL REFERENCES staff,
  permission     text NOT NULL,
  transaction_id uuid NOT NULL,
  granted_at     timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL CHECK (expires_at > granted_at),
  used_at        timestamptz,
  CONSTRAINT approvals_nobody_approves_themselves CHECK (approved_by <> cashier_id)
);
CREATE INDEX approvals_age ON approvals (expires_at);
COMMENT ON TABLE approvals IS 'Somebody''s word, given with their PIN, that cashier_id may do one thing to one basket, once. Dropped a week after.';
CREATE TRIGGER approvals_once BEFORE UPDATE ON approvals
  FOR EACH ROW WHEN (OLD.used_at IS NOT NULL OR NEW.token_hash <> OLD.token_hash OR NEW.terminal_id <> OLD.terminal_id
                     OR NEW.cashier_id <> OLD.cashier_id OR NEW.approved_by <> OLD.approved_by OR NEW.permission <> OLD.permission
                     OR NEW.transaction_id <> OLD.transaction_id OR NEW.granted_at <> OLD.granted_at OR NEW.expires_at <> OLD.expires_at)
  EXECUTE FUNCTION refuse_change('an approval is used once, for what it was given for');

CREATE TABLE pin_attempts (
  cashier_id  text NOT NULL,
  terminal_id text NOT NULL,
  failures    integer NOT NULL CHECK (failures BETWEEN 1 AND 1000),
  last_at     timestamptz NOT NULL,
  PRIMARY KEY (cashier_id, terminal_id)
);
CREATE INDEX pin_attempts_age ON pin_attempts (last_at);
COMMENT ON TABLE pin_attempts IS 'PINs that were tried since the last right one, counted before each was looked at. Also of ids that nobody has. Dropped after a day without one.';
COMMENT ON COLUMN pin_attempts.terminal_id IS 'Where; empty: at all terminals together.';

CREATE TABLE pairing_codes (
  code_hash   bytea PRIMARY KEY CHECK (length(code_hash) = 32),
  terminal_id text NOT NULL CHECK (terminal_id ~ '^[A-Za-z0-9]{1,16}$'),
  name        text NOT NULL,
  made_by     text NOT NULL,
  made_at     timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL CHECK (expires_at > made_at),
  used_at     timestamptz
);
CREATE INDEX pairing_codes_age ON pairing_codes (expires_at);
COMMENT ON TABLE pairing_codes IS 'What lets a terminal in, once. Dropped a week after.';
COMMENT ON COLUMN pairing_codes.made_by IS 'A cashier''s id; empty: the command line on the shop''s server.';
CREATE TRIGGER pairing_codes_once BEFORE UPDATE ON pairing_codes
  FOR EACH ROW WHEN (OLD.used_at IS NOT NULL OR NEW.code_hash <> OLD.code_hash OR NEW.terminal_id <> OLD.terminal_id OR NEW.name <> OLD.name
                     OR NEW.made_by <> OLD.made_by OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at)
  EXECUTE FUNCTION refuse_change('a pairing code is used once');

CREATE TABLE audit_log (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL,
  terminal_id text NOT NULL DEFAULT '',
  cashier_id  text NOT NULL DEFAULT '',
  approved_by text NOT NULL DEFAULT '',
  action      text NOT NULL,
  subject     text NOT NULL DEFAULT '',
  reason      text NOT NULL DEFAULT '',
  detail      text NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE audit_log IS 'What people did that somebody may ask about. Append-only.';
COMMENT ON COLUMN audit_log.cashier_id IS 'Who acted; empty: the command line on the shop''s server.';
COMMENT ON COLUMN audit_log.subject IS 'What it was done to: a transaction''s, terminal''s or person''s id.';
COMMENT ON COLUMN audit_log.detail IS 'A JSON object.';
CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change('the audit log is append-only');
CREATE TRIGGER audit_log_is_not_cut_off BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_change('the audit log is append-only');

-- +goose Down
DROP TABLE audit_log, pairing_codes, pin_attempts, approvals, sessions;
DROP TRIGGER staff_are_kept ON staff;
DROP TRIGGER staff_identity ON staff;
-- The tokens are gone; what stands in their place is the hash of nothing that anybody has.
ALTER TABLE staff DROP COLUMN pin_hash, ADD COLUMN token_hash bytea UNIQUE CHECK (length(token_hash) = 32);
UPDATE staff SET token_hash = sha256(uuid_send(gen_random_uuid()));
ALTER TABLE staff ALTER COLUMN token_hash SET NOT NULL;
