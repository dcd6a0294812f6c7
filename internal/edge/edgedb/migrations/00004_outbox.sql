-- +goose Up
-- The outbox: a gapless, commit-ordered, hash-chained log of what the store did. Its id is not
-- a sequence: outbox_head is one row, locked last, so that id order is commit order.

CREATE TABLE outbox_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  store_id  text NOT NULL,
  epoch     bigint NOT NULL DEFAULT 1 CHECK (epoch > 0),
  last_id   bigint NOT NULL DEFAULT 0 CHECK (last_id >= 0),
  last_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(last_hash) = 32)
) WITH (fillfactor = 20);
CREATE TRIGGER outbox_head_grows BEFORE UPDATE ON outbox_head
  FOR EACH ROW WHEN (NEW.last_id < OLD.last_id OR NEW.epoch < OLD.epoch OR NEW.store_id <> OLD.store_id)
  EXECUTE FUNCTION refuse_change('the outbox only grows');
CREATE TRIGGER outbox_head_is_kept BEFORE DELETE ON outbox_head
  FOR EACH ROW EXECUTE FUNCTION refuse_change('the outbox head is never deleted');

CREATE TABLE outbox (
  id               bigint PRIMARY KEY CHECK (id > 0),
  store_id         text NOT NULL,
  epoch            bigint NOT NULL,
  event_id         uuid NOT NULL UNIQUE,
  aggregate_id     uuid NOT NULL,
  type             text NOT NULL,
  version          integer NOT NULL CHECK (version > 0),
  occurred_at      timestamptz NOT NULL,
  terminal_id      text NOT NULL DEFAULT '',
  cashier_id       text NOT NULL DEFAULT '',
  business_date    date NOT NULL,
  payload          text NOT NULL,
  hash             bytea NOT NULL CHECK (length(hash) = 32),
  traceparent      text NOT NULL DEFAULT '',
  created_at       timestamptz NOT NULL DEFAULT now(),
  published_at     timestamptz,
  publish_attempts integer NOT NULL DEFAULT 0,
  last_error       text
) WITH (fillfactor = 85);
COMMENT ON COLUMN outbox.payload IS 'The exact bytes that were hashed: text, never jsonb, which would reorder them.';
COMMENT ON COLUMN outbox.published_at IS 'When HQ''s acknowledgement was recorded; it never goes back, even if HQ is restored from a backup.';

-- "UPDATE OF" fires only when a statement sets such a column: marking rows published costs nothing.
CREATE TRIGGER outbox_is_written_once
  BEFORE UPDATE OF id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id,
                   business_date, payload, hash, traceparent, created_at ON outbox
  FOR EACH ROW EXECUTE FUNCTION refuse_change('an event never changes');
CREATE TRIGGER outbox_published_for_good BEFORE UPDATE ON outbox
  FOR EACH ROW WHEN (OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at)
  EXECUTE FUNCTION refuse_change('an event is published once');
CREATE TRIGGER outbox_unpublished_is_kept BEFORE DELETE ON outbox
  FOR EACH ROW WHEN (OLD.published_at IS NULL)
  EXECUTE FUNCTION refuse_change('an event that HQ has not acknowledged is never deleted');

CREATE TRIGGER outbox_is_not_cut_off BEFORE TRUNCATE ON outbox EXECUTE FUNCTION refuse_change('the outbox only grows');
CREATE TRIGGER outbox_head_is_not_cut_off BEFORE TRUNCATE ON outbox_head EXECUTE FUNCTION refuse_change('the outbox only grows');

CREATE TABLE sync_cursors (
  name       text PRIMARY KEY,
  position   bigint NOT NULL CHECK (position >= 0),
  hash       bytea,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE sync_cursors IS 'uplink.acked: HQ''s received_upto, it may fall when HQ is restored; uplink.published: every event up to it has been published once.';
INSERT INTO sync_cursors (name, position) VALUES ('uplink.acked', 0), ('uplink.published', 0);

-- +goose Down
DROP TABLE sync_cursors, outbox, outbox_head;
