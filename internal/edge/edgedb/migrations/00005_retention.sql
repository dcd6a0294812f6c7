-- +goose Up
-- Retention: what HQ has acknowledged for 35 days leaves the outbox at its low end, oldest first,
-- in small batches (internal/edge/outbox/retire.go). The hash chain must still have a start that can
-- be trusted, so the log's beginning is a row, as its end is.

CREATE TABLE outbox_start (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  first_id  bigint NOT NULL DEFAULT 1 CHECK (first_id > 0),
  prev_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(prev_hash) = 32)
) WITH (fillfactor = 50);
COMMENT ON TABLE outbox_start IS 'One row: the oldest event that is kept, and the hash of the one before it. Deleting from the outbox moves it.';
INSERT INTO outbox_start DEFAULT VALUES; -- nothing was ever retired before: a low end that is missing now is found by verify

-- The bookkeeping is the DELETE's own, so that neither is ever done without the other, and what is
-- no contiguous low end cannot be deleted at all. One check a statement, not one a row.
-- +goose StatementBegin
CREATE FUNCTION move_outbox_start() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  low  bigint;
  high bigint;
  n    bigint;
BEGIN
  SELECT min(id), max(id), count(*) INTO low, high, n FROM retired;
  IF n = 0 THEN
    RETURN NULL;
  END IF;
  UPDATE outbox_start SET first_id = high + 1, prev_hash = (SELECT hash FROM retired WHERE id = high)
  WHERE first_id = low AND high - low + 1 = n;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the outbox is retired from its oldest event on, without a gap (table %, %)', TG_TABLE_NAME, TG_OP
      USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER outbox_is_retired_in_order AFTER DELETE ON outbox
  REFERENCING OLD TABLE AS retired FOR EACH STATEMENT EXECUTE FUNCTION move_outbox_start();

CREATE TRIGGER outbox_start_advances BEFORE UPDATE ON outbox_start
  FOR EACH ROW WHEN (NEW.first_id <= OLD.first_id) EXECUTE FUNCTION refuse_change('what was retired does not come back');
CREATE TRIGGER outbox_start_is_kept BEFORE DELETE ON outbox_start
  FOR EACH ROW EXECUTE FUNCTION refuse_change('the beginning of the outbox is never deleted');
CREATE TRIGGER outbox_start_is_not_cut_off BEFORE TRUNCATE ON outbox_start EXECUTE FUNCTION refuse_change('the beginning of the outbox is never deleted');

-- How the space comes back. In the steady state a shop appends at the high end what it retires at the
-- low end, and vacuum hands the low end's pages to the next events: the file stays as large as 35 days are.
--   * scale factor 0.05 instead of 0.2: a vacuum after some thousand dead rows reads few pages (the rest are
--     all-visible) and a sale feels none of it; with 0.2 of a log of 35 days, a week's dead rows pile up first.
--   * no truncation: cutting empty pages off the end takes an ACCESS EXCLUSIVE lock, for which a finalize would
--     wait, to give back what the next events need anyway.
--   * fillfactor stays 85 (00004). An event is updated once, when it is marked published. Online that is moments
--     after its INSERT, while its page is still being filled, so the new version finds room beside it (HOT: no
--     index is touched). Only the drain of a backlog meets full pages; room for that would cost half of the disk.
--   * both indexes grow at one end (id, UUIDv7) and empty at the other: whole pages become free.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500, vacuum_truncate = off,
  toast.autovacuum_vacuum_scale_factor = 0.05, toast.vacuum_truncate = off);
ALTER TABLE idempotency_keys SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500, vacuum_truncate = off,
  toast.vacuum_truncate = off);

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN
  IF (SELECT first_id FROM outbox_start) > 1 THEN
    RAISE EXCEPTION 'events were retired: without outbox_start nobody could tell them from lost ones' USING ERRCODE = 'restrict_violation';
  END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE idempotency_keys RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, vacuum_truncate, toast.vacuum_truncate);
ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, vacuum_truncate,
  toast.autovacuum_vacuum_scale_factor, toast.vacuum_truncate);
DROP TRIGGER outbox_is_retired_in_order ON outbox;
DROP FUNCTION move_outbox_start();
DROP TABLE outbox_start;
