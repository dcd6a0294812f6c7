-- +goose Up
-- What a finalize does in the database, made as cheap as it can be (docs/benchmarks.md): few
-- statements, few round trips, and the one lock that all tills share held for the shortest time.

-- outbox_append is how the program writes the log. It runs as the last statement before COMMIT, so the
-- head is locked for no longer than it takes to write and commit: no round trip, no computing and no
-- waiting program stands between the lock and its release. A tail is the part of an event's hashed
-- bytes behind its id (wire.Event.Tail), computed by the program before the lock is taken; what only
-- the lock can tell, the id and the hash before it, is added here. HQ and outbox verify compute the
-- same chain by themselves, in Go.
-- +goose StatementBegin
CREATE FUNCTION outbox_append(event_ids uuid[], aggregate_ids uuid[], types text[], versions integer[], occurred_ats timestamptz[],
                              terminal_ids text[], cashier_ids text[], business_dates date[], payloads text[], traceparents text[], tails bytea[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  head   outbox_head;
  origin bytea;
  hash   bytea;
  hashes bytea[];
BEGIN
  SELECT * INTO STRICT head FROM outbox_head FOR UPDATE;
  origin := int4send(octet_length(head.store_id)) || convert_to(head.store_id, 'UTF8') || int8send(head.epoch);
  hash := head.last_hash;
  FOR n IN 1 .. cardinality(event_ids) LOOP
    hash := sha256(hash || origin || int8send(head.last_id + n) || tails[n]);
    hashes[n] := hash;
  END LOOP;
  INSERT INTO outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date,
                      payload, hash, traceparent)
  SELECT head.last_id + n, head.store_id, head.epoch, event_ids[n], aggregate_ids[n], types[n], versions[n], occurred_ats[n], terminal_ids[n],
         cashier_ids[n], business_dates[n], payloads[n], hashes[n], traceparents[n]
  FROM generate_series(1, cardinality(event_ids)) n;
  UPDATE outbox_head SET last_id = head.last_id + cardinality(event_ids), last_hash = hash;
  RETURN head.last_id + cardinality(event_ids);
END $$;
-- +goose StatementEnd
-- Rows of up to 4 KB stay as they are: compressing a payload of 2 KB took longer than writing it, and
-- that of an event would be done under the lock that every sale waits for.
ALTER TABLE outbox SET (toast_tuple_target = 4096);
ALTER TABLE idempotency_keys SET (toast_tuple_target = 4096);

COMMENT ON FUNCTION outbox_append IS 'Gives events their places at the end of the log, in order, and returns the last id.';

-- take_stock takes what a basket holds off the shelf, row by row in the order of the items' ids
-- (everybody locks in this order), and counts the till's receipts up. It travels with the lock of the
-- transaction, ahead of the checks that may still refuse the sale: then the rollback puts everything
-- back. A basket that is not this till's open one is left alone. An UPDATE joined to the lines would be
-- no shorter: it was planned as a hash join with a scan of the whole inventory.
-- +goose StatementBegin
CREATE FUNCTION take_stock(sale uuid, till text, taken_at timestamptz,
                           OUT items uuid[], OUT quantities bigint[], OUT balances bigint[], OUT receipt_seq bigint)
LANGUAGE plpgsql AS $$
DECLARE
  take    record;
  balance bigint;
BEGIN
  FOR take IN
    SELECT l.item_id, sum(l.quantity_milli)::bigint AS quantity
    FROM transactions t JOIN line_items l ON l.transaction_id = t.id
    WHERE t.id = sale AND t.status = 'DRAFT' AND t.terminal_id = till AND l.removed_at IS NULL
    GROUP BY l.item_id ORDER BY l.item_id
  LOOP
    UPDATE local_inventory SET on_hand_milli = on_hand_milli - take.quantity, updated_at = taken_at
    WHERE item_id = take.item_id RETURNING on_hand_milli INTO STRICT balance;
    items := items || take.item_id;
    quantities := quantities || take.quantity;
    balances := balances || balance;
  END LOOP;
  IF items IS NULL THEN
    RETURN; -- an empty basket, or not this till's open one
  END IF;
  UPDATE receipt_counters SET last_seq = last_seq + 1 WHERE terminal_id = till RETURNING last_seq INTO STRICT receipt_seq;
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION take_stock IS 'Returns per item what was taken and what is left, in thousandths, and the receipt counter; all NULL if nothing was taken.';

-- The guard of a sale's rows reads the sale anyway, so it also refuses what has none. A sale is
-- never deleted, so a foreign key behind the guard would only look a second time.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION guard_open_sale() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sale_status text;
BEGIN
  SELECT status INTO sale_status FROM transactions WHERE id = coalesce(NEW.transaction_id, OLD.transaction_id);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no transaction % (table %)', NEW.transaction_id, TG_TABLE_NAME
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
  END IF;
  IF sale_status IN ('PAID', 'VOIDED') THEN
    RAISE EXCEPTION 'the transaction is %: its rows never change (table %, %)', sale_status, TG_TABLE_NAME, TG_OP
      USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;
-- +goose StatementEnd
ALTER TABLE line_items DROP CONSTRAINT line_items_transaction_id_fkey;

-- A sale's tax lines are a document that is written once, with the sale, and read with it: a column
-- of the sale, which its own trigger keeps from changing, and not rows with keys and guards of theirs.
ALTER TABLE transactions DISABLE TRIGGER USER;
ALTER TABLE transactions DROP CONSTRAINT transactions_paid_is_complete, DROP CONSTRAINT transactions_unpaid_is_blank,
  ADD COLUMN tax_lines jsonb CHECK (jsonb_typeof(tax_lines) = 'array');
UPDATE transactions t SET tax_lines = coalesce((
  SELECT jsonb_agg(jsonb_build_object('tax_code', x.tax_code, 'rate_bp', x.rate_bp, 'base', x.base, 'tax', x.tax) ORDER BY x.tax_code, x.rate_bp)
  FROM tax_lines x WHERE x.transaction_id = t.id), '[]')
WHERE status = 'PAID';
ALTER TABLE transactions
  ADD CONSTRAINT transactions_paid_is_complete CHECK (
    (status = 'PAID') = (num_nonnulls(finalized_at, business_date, receipt_seq, receipt_no, gross, discount, tax, total, tax_lines) = 9)),
  ADD CONSTRAINT transactions_unpaid_is_blank CHECK (
    status = 'PAID' OR num_nonnulls(business_date, receipt_seq, receipt_no, gross, discount, tax, total, tax_lines) = 0);
ALTER TABLE transactions ENABLE TRIGGER USER;
COMMENT ON COLUMN transactions.tax_lines IS 'Fixed at finalize: [{tax_code, rate_bp, base, tax}], the rates of the business date in basis points and what they came to in minor units.';
DROP TABLE tax_lines;

-- +goose Down
CREATE TABLE tax_lines (
  transaction_id uuid NOT NULL REFERENCES transactions,
  tax_code       text NOT NULL,
  rate_bp        integer NOT NULL,
  base           bigint NOT NULL CHECK (base >= 0),
  tax            bigint NOT NULL CHECK (tax >= 0),
  PRIMARY KEY (transaction_id, tax_code, rate_bp)
);
INSERT INTO tax_lines SELECT t.id, x.tax_code, x.rate_bp, x.base, x.tax
FROM transactions t, jsonb_to_recordset(t.tax_lines) AS x (tax_code text, rate_bp integer, base bigint, tax bigint);
CREATE TRIGGER tax_lines_of_open_sale BEFORE INSERT OR UPDATE OR DELETE ON tax_lines
  FOR EACH ROW EXECUTE FUNCTION guard_open_sale();
CREATE TRIGGER tax_lines_are_not_cut_off BEFORE TRUNCATE ON tax_lines EXECUTE FUNCTION refuse_change('sales are never deleted');
ALTER TABLE transactions DROP COLUMN tax_lines,
  ADD CONSTRAINT transactions_paid_is_complete CHECK (
    (status = 'PAID') = (num_nonnulls(finalized_at, business_date, receipt_seq, receipt_no, gross, discount, tax, total) = 8)),
  ADD CONSTRAINT transactions_unpaid_is_blank CHECK (
    status = 'PAID' OR num_nonnulls(business_date, receipt_seq, receipt_no, gross, discount, tax, total) = 0);
ALTER TABLE line_items ADD CONSTRAINT line_items_transaction_id_fkey FOREIGN KEY (transaction_id) REFERENCES transactions;
ALTER TABLE idempotency_keys RESET (toast_tuple_target);
ALTER TABLE outbox RESET (toast_tuple_target);
DROP FUNCTION take_stock, outbox_append;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION guard_open_sale() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sale_status text;
BEGIN
  SELECT status INTO sale_status FROM transactions WHERE id = coalesce(NEW.transaction_id, OLD.transaction_id);
  IF sale_status IN ('PAID', 'VOIDED') THEN
    RAISE EXCEPTION 'the transaction is %: its rows never change (table %, %)', sale_status, TG_TABLE_NAME, TG_OP
      USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;
-- +goose StatementEnd
