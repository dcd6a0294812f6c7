-- +goose Up
-- The counter: baskets that wait and move between tills, and prices that a person changed.

ALTER TABLE transactions DISABLE TRIGGER USER;
ALTER TABLE transactions ADD COLUMN opened_by text REFERENCES staff, ADD COLUMN resumed_at timestamptz;
UPDATE transactions SET opened_by = cashier_id;
ALTER TABLE transactions ALTER COLUMN opened_by SET NOT NULL;
ALTER TABLE transactions ENABLE TRIGGER USER;
COMMENT ON COLUMN transactions.opened_by IS 'Whose basket it is: who opened it, whoever resumes it.';
COMMENT ON COLUMN transactions.resumed_at IS 'When a till made it its own last; NULL: it is still with the till that opened it.';
COMMENT ON COLUMN transactions.cashier_id IS 'Who acts on it now: who opened, resumed or finalized it last.';
DROP TRIGGER transactions_identity ON transactions;
CREATE TRIGGER transactions_identity BEFORE UPDATE ON transactions
  FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.store_id <> OLD.store_id OR NEW.created_at <> OLD.created_at OR NEW.opened_by <> OLD.opened_by
                     OR NEW.currency <> OLD.currency OR NEW.last_line_no < OLD.last_line_no OR NEW.version <= OLD.version)
  EXECUTE FUNCTION refuse_change('identity is fixed and versions only grow');
CREATE INDEX transactions_open ON transactions (id) WHERE status IN ('DRAFT', 'SUSPENDED');

-- A scanned price stays what it was at the scan: a person may sell at another one, and then the scanned
-- one stands beside it.
ALTER TABLE line_items
  ADD COLUMN discount_reason text,
  ADD COLUMN list_price bigint CHECK (list_price >= 0 AND list_price <> unit_price),
  ADD COLUMN price_reason text,
  ADD COLUMN changed_by text REFERENCES staff;
-- A discount of before this migration, or of before its way back, has lost its reason.
ALTER TABLE line_items DISABLE TRIGGER USER;
UPDATE line_items SET discount_reason = '-' WHERE discount > 0;
ALTER TABLE line_items ENABLE TRIGGER USER;
ALTER TABLE line_items
  ADD CONSTRAINT line_items_discount_has_reason CHECK ((discount = 0) = (discount_reason IS NULL)),
  ADD CONSTRAINT line_items_price_has_reason CHECK ((list_price IS NULL) = (price_reason IS NULL));
COMMENT ON COLUMN line_items.unit_price IS 'What one unit is sold at, minor units, tax included. Name, unit and category are frozen at the scan.';
COMMENT ON COLUMN line_items.list_price IS 'The catalogue''s price at the scan, if a person overrode it; else it is unit_price.';
COMMENT ON COLUMN line_items.cashier_id IS 'Who scanned it.';
COMMENT ON COLUMN line_items.changed_by IS 'Who changed its quantity or removed it last; NULL: nobody did. Who changed its price stands in line_overrides.';
ALTER TABLE payments ADD COLUMN changed_by text REFERENCES staff;
COMMENT ON COLUMN payments.cashier_id IS 'Who took it.';
COMMENT ON COLUMN payments.changed_by IS 'Who cancelled it; NULL: nobody did, what became of it came from its provider or from the clock.';
ALTER TABLE receipt_prints ADD COLUMN cashier_id text REFERENCES staff;
COMMENT ON COLUMN receipt_prints.cashier_id IS 'Who printed; NULL in rows of before people signed in.';
DROP TRIGGER line_items_frozen ON line_items;
CREATE TRIGGER line_items_frozen BEFORE UPDATE ON line_items
  FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL OR coalesce(NEW.list_price, NEW.unit_price) <> coalesce(OLD.list_price, OLD.unit_price)
                     OR NEW.line_no <> OLD.line_no OR NEW.item_id <> OLD.item_id OR NEW.transaction_id <> OLD.transaction_id
                     OR NEW.sku <> OLD.sku OR NEW.name <> OLD.name OR NEW.unit <> OLD.unit OR NEW.category <> OLD.category
                     OR NEW.tax_code <> OLD.tax_code OR NEW.barcode IS DISTINCT FROM OLD.barcode)
  EXECUTE FUNCTION refuse_change('a removed line stays removed, and what was scanned stays as it was scanned');

CREATE TABLE line_overrides (
  transaction_id uuid NOT NULL,
  override_no    integer NOT NULL CHECK (override_no > 0),
  line_no        integer NOT NULL,
  store_id       text NOT NULL,
  terminal_id    text NOT NULL,
  cashier_id     text NOT NULL REFERENCES staff,
  approved_by    text REFERENCES staff CHECK (approved_by <> cashier_id),
  kind           text NOT NULL CHECK (kind IN ('DISCOUNT', 'PRICE')),
  before         bigint NOT NULL CHECK (before >= 0),
  after          bigint NOT NULL CHECK (after >= 0),
  reason         text NOT NULL CHECK (reason <> ''),
  at             timestamptz NOT NULL,
  PRIMARY KEY (transaction_id, override_no),
  FOREIGN KEY (transaction_id, line_no) REFERENCES line_items
);
COMMENT ON TABLE line_overrides IS 'Every change of a line''s discount or price by a person, in the order in which they happened. Append-only.';
COMMENT ON COLUMN line_overrides.before IS 'Minor units: the line''s discount, or its unit price. That of a change is the after of the one before it.';
COMMENT ON COLUMN line_overrides.approved_by IS 'Whose PIN stood for it; NULL: the cashier''s own role sufficed.';
CREATE TRIGGER line_overrides_of_open_sale BEFORE INSERT ON line_overrides
  FOR EACH ROW EXECUTE FUNCTION guard_open_sale();
CREATE TRIGGER line_overrides_are_append_only BEFORE UPDATE OR DELETE ON line_overrides
  FOR EACH ROW EXECUTE FUNCTION refuse_change('what was done to a price stays on record');
CREATE TRIGGER line_overrides_are_not_cut_off BEFORE TRUNCATE ON line_overrides
  EXECUTE FUNCTION refuse_change('what was done to a price stays on record');

-- +goose Down
DROP TABLE line_overrides;
DROP TRIGGER line_items_frozen ON line_items;
ALTER TABLE line_items DROP COLUMN discount_reason, DROP COLUMN list_price, DROP COLUMN price_reason, DROP COLUMN changed_by;
ALTER TABLE payments DROP COLUMN changed_by;
ALTER TABLE receipt_prints DROP COLUMN cashier_id;
COMMENT ON COLUMN line_items.cashier_id IS NULL;
COMMENT ON COLUMN payments.cashier_id IS NULL;
CREATE TRIGGER line_items_frozen BEFORE UPDATE ON line_items
  FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL OR NEW.unit_price <> OLD.unit_price OR NEW.line_no <> OLD.line_no
                     OR NEW.item_id <> OLD.item_id OR NEW.transaction_id <> OLD.transaction_id OR NEW.sku <> OLD.sku OR NEW.name <> OLD.name
                     OR NEW.unit <> OLD.unit OR NEW.category <> OLD.category OR NEW.tax_code <> OLD.tax_code
                     OR NEW.barcode IS DISTINCT FROM OLD.barcode)
  EXECUTE FUNCTION refuse_change('a removed line stays removed, and what was scanned stays as it was scanned');
DROP TRIGGER transactions_identity ON transactions;
DROP INDEX transactions_open;
ALTER TABLE transactions DROP COLUMN opened_by, DROP COLUMN resumed_at;
COMMENT ON COLUMN transactions.cashier_id IS NULL;
COMMENT ON COLUMN line_items.unit_price IS 'Frozen at the scan; minor units, tax included. Name, unit and category are frozen with it.';
CREATE TRIGGER transactions_identity BEFORE UPDATE ON transactions
  FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.store_id <> OLD.store_id OR NEW.created_at <> OLD.created_at
                     OR NEW.currency <> OLD.currency OR NEW.last_line_no < OLD.last_line_no OR NEW.version <= OLD.version)
  EXECUTE FUNCTION refuse_change('identity is fixed and versions only grow');
