-- +goose Up
-- People at the tills: who did what, with whose approval.

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
DROP TABLE audit_log;
