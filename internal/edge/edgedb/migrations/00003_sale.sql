-- +goose Up
-- A sale: the basket, its lines and its payments are rows from the first scan. The database
-- itself refuses what must never happen: a paid sale that changes, a state that goes back.
-- WHEN clauses keep these guards off the hot path: the function runs only to refuse.

CREATE TABLE transactions (
  id            uuid PRIMARY KEY,
  store_id      text NOT NULL,
  terminal_id   text NOT NULL REFERENCES terminals,
  cashier_id    text NOT NULL REFERENCES staff,
  shift_id      uuid,
  status        text NOT NULL CHECK (status IN ('DRAFT', 'SUSPENDED', 'PAID', 'VOIDED')),
  currency      text NOT NULL,
  version       integer NOT NULL DEFAULT 1,
  last_line_no  integer NOT NULL DEFAULT 0 CHECK (last_line_no BETWEEN 0 AND 100000),
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  finalized_at  timestamptz,
  business_date date,
  receipt_seq   bigint CHECK (receipt_seq > 0),
  receipt_no    text UNIQUE,
  gross         bigint CHECK (gross >= 0),
  discount      bigint CHECK (discount BETWEEN 0 AND gross),
  tax           bigint CHECK (tax >= 0),
  total         bigint CHECK (total = gross - discount AND tax <= total),
  UNIQUE (terminal_id, receipt_seq),
  CONSTRAINT transactions_paid_is_complete CHECK (
    (status = 'PAID') = (num_nonnulls(finalized_at, business_date, receipt_seq, receipt_no, gross, discount, tax, total) = 8)),
  CONSTRAINT transactions_unpaid_is_blank CHECK (
    status = 'PAID' OR num_nonnulls(business_date, receipt_seq, receipt_no, gross, discount, tax, total) = 0)
) WITH (fillfactor = 80);
COMMENT ON COLUMN transactions.terminal_id IS 'The terminal that holds the basket; once PAID, the one that finalized it.';
COMMENT ON COLUMN transactions.total IS 'Minor units, tax included; fixed at finalize, NULL before.';

CREATE TRIGGER transactions_are_final BEFORE UPDATE ON transactions
  FOR EACH ROW WHEN (OLD.status IN ('PAID', 'VOIDED'))
  EXECUTE FUNCTION refuse_change('a paid or voided transaction never changes');
CREATE TRIGGER transactions_suspended BEFORE UPDATE ON transactions
  FOR EACH ROW WHEN (OLD.status = 'SUSPENDED' AND NEW.status = 'PAID')
  EXECUTE FUNCTION refuse_change('a suspended transaction is resumed before it is paid');
CREATE TRIGGER transactions_identity BEFORE UPDATE ON transactions
  FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.store_id <> OLD.store_id OR NEW.created_at <> OLD.created_at
                     OR NEW.currency <> OLD.currency OR NEW.last_line_no < OLD.last_line_no OR NEW.version <= OLD.version)
  EXECUTE FUNCTION refuse_change('identity is fixed and versions only grow');
CREATE TRIGGER transactions_are_kept BEFORE DELETE ON transactions
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a transaction is never deleted');
CREATE TRIGGER transactions_start BEFORE INSERT ON transactions
  FOR EACH ROW WHEN (NEW.status <> 'DRAFT')
  EXECUTE FUNCTION refuse_change('a transaction starts as DRAFT');

CREATE TABLE line_items (
  transaction_id uuid NOT NULL REFERENCES transactions,
  line_no        integer NOT NULL CHECK (line_no > 0),
  store_id       text NOT NULL,
  terminal_id    text NOT NULL,
  cashier_id     text NOT NULL,
  item_id        uuid NOT NULL,
  sku            text NOT NULL,
  name           text NOT NULL,
  unit           text NOT NULL,
  category       text NOT NULL,
  barcode        text,
  age_restricted boolean NOT NULL,
  quantity_milli bigint NOT NULL CHECK (quantity_milli BETWEEN 1 AND 9999999),
  unit_price     bigint NOT NULL CHECK (unit_price >= 0),
  gross          bigint NOT NULL CHECK (gross >= 0),
  discount       bigint NOT NULL DEFAULT 0 CHECK (discount BETWEEN 0 AND gross),
  tax_code       text NOT NULL,
  added_at       timestamptz NOT NULL,
  removed_at     timestamptz,
  PRIMARY KEY (transaction_id, line_no)
);
COMMENT ON COLUMN line_items.unit_price IS 'Frozen at the scan; minor units, tax included. Name, unit and category are frozen with it.';
COMMENT ON COLUMN line_items.quantity_milli IS 'Thousandths of the unit.';
COMMENT ON COLUMN line_items.tax_code IS 'The rate that it stands for is fixed at finalize, in tax_lines.';

CREATE TABLE tax_lines (
  transaction_id uuid NOT NULL REFERENCES transactions,
  tax_code       text NOT NULL,
  rate_bp        integer NOT NULL,
  base           bigint NOT NULL CHECK (base >= 0),
  tax            bigint NOT NULL CHECK (tax >= 0),
  PRIMARY KEY (transaction_id, tax_code, rate_bp)
);
COMMENT ON TABLE tax_lines IS 'Written once, at finalize: the rates of the business date and what they came to.';

CREATE TABLE payments (
  id             uuid PRIMARY KEY,
  transaction_id uuid NOT NULL REFERENCES transactions,
  store_id       text NOT NULL,
  terminal_id    text NOT NULL,
  cashier_id     text NOT NULL,
  shift_id       uuid,
  method         text NOT NULL CHECK (method IN ('CASH', 'QR', 'CARD', 'VOUCHER')),
  provider       text NOT NULL DEFAULT '',
  reference      text NOT NULL DEFAULT '',
  status         text NOT NULL CHECK (status IN ('PENDING', 'CAPTURED', 'FAILED', 'EXPIRED', 'CANCELLED', 'UNKNOWN')),
  amount         bigint NOT NULL CHECK (amount > 0),
  tendered       bigint NOT NULL CHECK (tendered >= amount),
  qr_payload     text NOT NULL DEFAULT '',
  expires_at     timestamptz,
  refund_of      uuid REFERENCES payments,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  captured_at    timestamptz,
  CONSTRAINT payments_only_cash_gives_change CHECK (method = 'CASH' OR tendered = amount),
  CONSTRAINT payments_captured_has_time CHECK (status <> 'CAPTURED' OR captured_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX payments_transaction ON payments (transaction_id);
CREATE INDEX payments_open ON payments (created_at) WHERE status IN ('PENDING', 'UNKNOWN');
COMMENT ON COLUMN payments.amount IS 'What it applies to the transaction, minor units; change = tendered - amount.';

CREATE TRIGGER payments_one_way BEFORE UPDATE ON payments
  FOR EACH ROW WHEN (NEW.status <> OLD.status AND NOT (
       OLD.status = 'PENDING'
    OR (OLD.status = 'UNKNOWN' AND NEW.status IN ('CAPTURED', 'FAILED'))
    OR (OLD.status = 'CAPTURED' AND NEW.status = 'CANCELLED' AND OLD.method = 'CASH')))
  EXECUTE FUNCTION refuse_change('a payment''s state never goes back');
CREATE TRIGGER payments_money_is_fixed BEFORE UPDATE ON payments
  FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.transaction_id <> OLD.transaction_id OR NEW.amount <> OLD.amount
                     OR NEW.tendered <> OLD.tendered OR NEW.method <> OLD.method)
  EXECUTE FUNCTION refuse_change('a payment''s money never changes');
CREATE TRIGGER payments_are_kept BEFORE DELETE ON payments
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a payment is never deleted');

-- guard_open_sale refuses lines and payments that would change a sale which is paid or voided.
-- +goose StatementBegin
CREATE FUNCTION guard_open_sale() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER line_items_of_open_sale BEFORE INSERT OR UPDATE ON line_items
  FOR EACH ROW EXECUTE FUNCTION guard_open_sale();
CREATE TRIGGER line_items_frozen BEFORE UPDATE ON line_items
  FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL OR NEW.unit_price <> OLD.unit_price OR NEW.line_no <> OLD.line_no
                     OR NEW.item_id <> OLD.item_id OR NEW.transaction_id <> OLD.transaction_id OR NEW.sku <> OLD.sku OR NEW.name <> OLD.name
                     OR NEW.unit <> OLD.unit OR NEW.category <> OLD.category OR NEW.tax_code <> OLD.tax_code
                     OR NEW.barcode IS DISTINCT FROM OLD.barcode)
  EXECUTE FUNCTION refuse_change('a removed line stays removed, and what was scanned stays as it was scanned');
CREATE TRIGGER line_items_are_kept BEFORE DELETE ON line_items
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a line is struck out, never deleted');
CREATE TRIGGER payments_of_open_sale BEFORE INSERT ON payments
  FOR EACH ROW WHEN (NEW.refund_of IS NULL) EXECUTE FUNCTION guard_open_sale();
CREATE TRIGGER payments_of_paid_sale BEFORE UPDATE ON payments
  FOR EACH ROW WHEN (OLD.status = 'CAPTURED' AND NEW.status <> 'CAPTURED') EXECUTE FUNCTION guard_open_sale();
CREATE TRIGGER tax_lines_of_open_sale BEFORE INSERT OR UPDATE OR DELETE ON tax_lines
  FOR EACH ROW EXECUTE FUNCTION guard_open_sale();

CREATE TABLE payment_exceptions (
  id             uuid PRIMARY KEY,
  payment_id     uuid NOT NULL REFERENCES payments,
  transaction_id uuid NOT NULL,
  store_id       text NOT NULL,
  terminal_id    text NOT NULL,
  cashier_id     text NOT NULL,
  reported       text NOT NULL,
  found_status   text NOT NULL,
  reported_at    timestamptz NOT NULL,
  UNIQUE (payment_id, reported)
);
COMMENT ON TABLE payment_exceptions IS 'Captures reported for payments that were already cancelled, expired or failed: money that somebody must give back.';

CREATE TABLE receipt_counters (
  terminal_id text PRIMARY KEY REFERENCES terminals,
  last_seq    bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TRIGGER receipt_counters_step BEFORE UPDATE ON receipt_counters
  FOR EACH ROW WHEN (NEW.last_seq <> OLD.last_seq + 1 OR NEW.terminal_id <> OLD.terminal_id)
  EXECUTE FUNCTION refuse_change('receipt numbers count one by one');
CREATE TRIGGER receipt_counters_are_kept BEFORE DELETE ON receipt_counters
  FOR EACH ROW EXECUTE FUNCTION refuse_change('receipt numbers are never reset');

CREATE TABLE idempotency_keys (
  terminal_id  text NOT NULL,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  status       integer NOT NULL,
  body         text NOT NULL,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (terminal_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'Answers of mutating calls that succeeded, kept 35 days, stored in the effect''s own transaction.';

-- Row triggers do not see TRUNCATE.
CREATE TRIGGER transactions_are_not_cut_off BEFORE TRUNCATE ON transactions EXECUTE FUNCTION refuse_change('sales are never deleted');
CREATE TRIGGER line_items_are_not_cut_off BEFORE TRUNCATE ON line_items EXECUTE FUNCTION refuse_change('sales are never deleted');
CREATE TRIGGER tax_lines_are_not_cut_off BEFORE TRUNCATE ON tax_lines EXECUTE FUNCTION refuse_change('sales are never deleted');
CREATE TRIGGER payments_are_not_cut_off BEFORE TRUNCATE ON payments EXECUTE FUNCTION refuse_change('payments are never deleted');
CREATE TRIGGER receipt_counters_are_not_cut_off BEFORE TRUNCATE ON receipt_counters EXECUTE FUNCTION refuse_change('receipt numbers are never reset');

-- +goose Down
DROP TABLE idempotency_keys, receipt_counters, payment_exceptions, payments, tax_lines, line_items, transactions;
DROP FUNCTION guard_open_sale();
