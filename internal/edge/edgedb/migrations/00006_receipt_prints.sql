-- +goose Up
-- Which receipts went to a printer: the first is the original, every later one a copy. The row is
-- committed before the text is given out, so a till that dies over its printer cannot get a second original.

CREATE TABLE receipt_prints (
  transaction_id uuid NOT NULL REFERENCES transactions,
  copy_no        integer NOT NULL CHECK (copy_no >= 0),
  terminal_id    text NOT NULL REFERENCES terminals,
  printed_at     timestamptz NOT NULL,
  PRIMARY KEY (transaction_id, copy_no)
);
COMMENT ON COLUMN receipt_prints.copy_no IS '0 is the original, n the n-th copy; without a gap.';
COMMENT ON COLUMN receipt_prints.terminal_id IS 'The terminal that printed, which need not be the one that sold.';

-- guard_receipt_print refuses a receipt of what is not sold, and a print out of turn.
-- +goose StatementBegin
CREATE FUNCTION guard_receipt_print() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM transactions WHERE id = NEW.transaction_id AND status = 'PAID') THEN
    RAISE EXCEPTION 'only a paid sale has a receipt'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
  END IF;
  IF NEW.copy_no <> (SELECT count(*) FROM receipt_prints WHERE transaction_id = NEW.transaction_id) THEN
    RAISE EXCEPTION 'prints of a receipt are counted one by one'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_prints_in_turn BEFORE INSERT ON receipt_prints
  FOR EACH ROW EXECUTE FUNCTION guard_receipt_print();
CREATE TRIGGER receipt_prints_are_kept BEFORE UPDATE OR DELETE ON receipt_prints
  FOR EACH ROW EXECUTE FUNCTION refuse_change('what was printed stays printed');
CREATE TRIGGER receipt_prints_are_not_cut_off BEFORE TRUNCATE ON receipt_prints
  EXECUTE FUNCTION refuse_change('what was printed stays printed');

-- +goose Down
DROP TABLE receipt_prints;
DROP FUNCTION guard_receipt_print();
