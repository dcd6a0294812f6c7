-- +goose Up
-- What is sold: tax rates as dated data, units, items and their barcodes, stock.

CREATE TABLE tax_codes (
  tax_code text PRIMARY KEY CHECK (tax_code ~ '^[A-Z0-9_]{1,20}$'),
  name_vi  text NOT NULL,
  name_en  text NOT NULL
);

CREATE TABLE tax_rates (
  tax_code   text NOT NULL REFERENCES tax_codes,
  valid_from date NOT NULL,
  rate_bp    integer NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
  source     text NOT NULL,
  PRIMARY KEY (tax_code, valid_from)
);
COMMENT ON TABLE tax_rates IS 'A rate holds from valid_from (a business date) until the next row of its code: rates cannot overlap or leave a hole.';
COMMENT ON COLUMN tax_rates.rate_bp IS 'Basis points: 800 is 8 %.';

INSERT INTO tax_codes VALUES
  ('STANDARD',  'Thuế suất phổ thông',          'Standard rate'),
  ('EXCISE',    'Hàng chịu thuế tiêu thụ đặc biệt', 'Excise goods, never reduced'),
  ('REDUCED_5', 'Thuế suất 5 %',                'Five per cent'),
  ('ZERO',      'Thuế suất 0 %',                'Zero rate'),
  ('EXEMPT',    'Không chịu thuế',              'Exempt');

INSERT INTO tax_rates VALUES
  ('STANDARD',  '1970-01-01', 1000, 'Law on VAT'),
  ('STANDARD',  '2025-07-01',  800, 'Resolution 204/2025/QH15: 10 % reduced to 8 % until 2026-12-31'),
  ('STANDARD',  '2027-01-01', 1000, 'Resolution 204/2025/QH15 ends 2026-12-31'),
  ('EXCISE',    '1970-01-01', 1000, 'Law on VAT; excise goods are left out of the reduction'),
  ('REDUCED_5', '1970-01-01',  500, 'Law on VAT'),
  ('ZERO',      '1970-01-01',    0, 'Law on VAT'),
  ('EXEMPT',    '1970-01-01',    0, 'Law on VAT');

CREATE TABLE units (
  unit text PRIMARY KEY CHECK (length(unit) BETWEEN 1 AND 20)
);
COMMENT ON TABLE units IS 'How items are counted: lon, chai, gói, thùng, kg. A pack and a case are items of their own, with prices of their own.';

CREATE TABLE local_catalog (
  item_id        uuid PRIMARY KEY,
  sku            text NOT NULL UNIQUE CHECK (sku ~ '^[A-Za-z0-9._-]{1,40}$'),
  name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  search_text    text NOT NULL,
  unit           text NOT NULL REFERENCES units,
  price          bigint NOT NULL CHECK (price BETWEEN 0 AND 100000000000),
  price_source   text NOT NULL CHECK (price_source IN ('observed', 'estimate')),
  tax_code       text NOT NULL REFERENCES tax_codes,
  category       text NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
  age_restricted boolean NOT NULL,
  updated_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN local_catalog.item_id IS 'UUIDv5 of the sku: the same in every shop.';
COMMENT ON COLUMN local_catalog.price IS 'Minor units of the store''s currency, tax included, for one unit.';
COMMENT ON COLUMN local_catalog.search_text IS 'Name, sku and category in lower case without diacritics, so that "nuoc" finds "Nước".';

CREATE TABLE catalog_barcodes (
  barcode text NOT NULL CHECK (length(barcode) BETWEEN 1 AND 48),
  item_id uuid NOT NULL REFERENCES local_catalog ON DELETE CASCADE,
  gtin    text NOT NULL,
  PRIMARY KEY (barcode, item_id)
);
COMMENT ON TABLE catalog_barcodes IS 'Many to many: an item has several codes, and shops have one code on two items.';
COMMENT ON COLUMN catalog_barcodes.gtin IS 'The barcode without its leading zeros: the second look-up.';
CREATE INDEX catalog_barcodes_gtin ON catalog_barcodes (gtin);
CREATE INDEX catalog_barcodes_item ON catalog_barcodes (item_id);

CREATE TABLE local_inventory (
  item_id       uuid PRIMARY KEY REFERENCES local_catalog,
  store_id      text NOT NULL,
  on_hand_milli bigint NOT NULL,
  opening_milli bigint,
  updated_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON COLUMN local_inventory.on_hand_milli IS 'Thousandths of the unit; may be negative: a sale is never refused for stock.';
COMMENT ON COLUMN local_inventory.opening_milli IS 'What the first load put there; NULL: no opening stock was loaded yet. Opening + movements = on hand.';

-- +goose Down
DROP TABLE local_inventory;
DROP TABLE catalog_barcodes;
DROP TABLE local_catalog;
DROP TABLE units;
DROP TABLE tax_rates;
DROP TABLE tax_codes;
