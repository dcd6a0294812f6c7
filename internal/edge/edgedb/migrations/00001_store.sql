-- +goose Up
-- Who we are: the store, its terminals and its people.

-- refuse_change is the one function behind every "this must never happen" trigger: the
-- trigger's WHEN clause says when, its first argument says why. SQLSTATE 23001
-- (restrict_violation) with the trigger's name as the constraint.
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% (table %, %)', TG_ARGV[0], TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;
-- +goose StatementEnd

CREATE TABLE store (
  singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  store_id   text NOT NULL CHECK (store_id ~ '^[A-Za-z0-9]{1,16}$'),
  currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE store IS 'One row: the store that this database belongs to. A program configured for another store is refused.';
CREATE TRIGGER store_is_fixed BEFORE UPDATE OR DELETE ON store
  FOR EACH ROW EXECUTE FUNCTION refuse_change('a database belongs to one store for ever');

CREATE TABLE terminals (
  terminal_id text PRIMARY KEY CHECK (terminal_id ~ '^[A-Za-z0-9]{1,16}$'),
  store_id    text NOT NULL,
  name        text NOT NULL,
  token_hash  bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created_at  timestamptz NOT NULL DEFAULT now(),
  revoked_at  timestamptz
);
COMMENT ON COLUMN terminals.token_hash IS 'SHA-256 of a token of 256 random bits; the token itself is shown once and kept nowhere.';

CREATE TABLE staff (
  cashier_id  text PRIMARY KEY CHECK (cashier_id ~ '^[A-Za-z0-9]{1,16}$'),
  store_id    text NOT NULL,
  name        text NOT NULL,
  role        text NOT NULL CHECK (role IN ('cashier', 'manager')),
  token_hash  bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  created_at  timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz
);

-- +goose Down
DROP TABLE staff;
DROP TABLE terminals;
DROP TABLE store;
DROP FUNCTION refuse_change();
