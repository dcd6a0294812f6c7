-- name: TaxCodes :many
SELECT tax_code FROM tax_codes ORDER BY tax_code;

-- name: AllRates :many
SELECT tax_code, valid_from, rate_bp FROM tax_rates ORDER BY tax_code, valid_from;

-- name: ItemsByBarcode :many
SELECT DISTINCT c.item_id, c.sku, c.name, c.unit, c.price, c.tax_code, c.category, c.age_restricted
FROM catalog_barcodes b JOIN local_catalog c USING (item_id)
WHERE b.barcode = $1 ORDER BY c.sku;

-- name: ItemsByGTIN :many
SELECT DISTINCT c.item_id, c.sku, c.name, c.unit, c.price, c.tax_code, c.category, c.age_restricted
FROM catalog_barcodes b JOIN local_catalog c USING (item_id)
WHERE b.gtin = $1 ORDER BY c.sku;

-- name: ItemByID :one
SELECT item_id, sku, name, unit, price, tax_code, category, age_restricted FROM local_catalog WHERE item_id = $1;

-- name: SearchItems :many
SELECT c.item_id, c.sku, c.name, c.unit, c.price, c.price_source, c.tax_code, c.category, c.age_restricted, i.on_hand_milli,
       coalesce((SELECT array_agg(b.barcode ORDER BY b.barcode) FROM catalog_barcodes b WHERE b.item_id = c.item_id), '{}')::text[] AS barcodes
FROM local_catalog c JOIN local_inventory i USING (item_id)
WHERE c.sku > sqlc.arg(after)
  AND c.search_text LIKE ALL (sqlc.arg(words)::text[])
  AND (sqlc.arg(barcode)::text = '' OR c.item_id = ANY (sqlc.arg(item_ids)::uuid[]))
ORDER BY c.sku LIMIT sqlc.arg(lim);

-- name: UpsertUnits :exec
INSERT INTO units (unit) SELECT DISTINCT unnest(sqlc.arg(units)::text[]) ON CONFLICT DO NOTHING;

-- name: UpsertItems :exec
INSERT INTO local_catalog AS c (item_id, sku, name, search_text, unit, price, price_source, tax_code, category, age_restricted)
SELECT unnest(sqlc.arg(item_ids)::uuid[]), unnest(sqlc.arg(skus)::text[]), unnest(sqlc.arg(names)::text[]),
       unnest(sqlc.arg(search_texts)::text[]), unnest(sqlc.arg(units)::text[]), unnest(sqlc.arg(prices)::bigint[]),
       unnest(sqlc.arg(price_sources)::text[]), unnest(sqlc.arg(tax_codes)::text[]), unnest(sqlc.arg(categories)::text[]),
       unnest(sqlc.arg(age_restricteds)::boolean[])
ON CONFLICT (item_id) DO UPDATE SET
  name = excluded.name, search_text = excluded.search_text, unit = excluded.unit, price = excluded.price,
  price_source = excluded.price_source, tax_code = excluded.tax_code, category = excluded.category,
  age_restricted = excluded.age_restricted, updated_at = now()
WHERE (c.name, c.unit, c.price, c.price_source, c.tax_code, c.category, c.age_restricted) IS DISTINCT FROM
      (excluded.name, excluded.unit, excluded.price, excluded.price_source, excluded.tax_code, excluded.category, excluded.age_restricted);

-- name: DeleteBarcodesOf :exec
DELETE FROM catalog_barcodes WHERE item_id = ANY (sqlc.arg(item_ids)::uuid[]);

-- name: InsertBarcodes :exec
INSERT INTO catalog_barcodes (item_id, barcode, gtin)
SELECT unnest(sqlc.arg(item_ids)::uuid[]), unnest(sqlc.arg(barcodes)::text[]), unnest(sqlc.arg(gtins)::text[]);

-- name: EnsureInventory :exec
INSERT INTO local_inventory (item_id, store_id, on_hand_milli)
SELECT unnest(sqlc.arg(item_ids)::uuid[]), sqlc.arg(store_id)::text, 0 ON CONFLICT DO NOTHING;

-- name: ItemsWithoutOpening :many
SELECT item_id FROM local_inventory WHERE item_id = ANY (sqlc.arg(item_ids)::uuid[]) AND opening_milli IS NULL
ORDER BY item_id FOR UPDATE;

-- name: LoadOpening :one
UPDATE local_inventory SET opening_milli = sqlc.arg(quantity_milli)::bigint, on_hand_milli = on_hand_milli + sqlc.arg(quantity_milli)::bigint, updated_at = now()
WHERE item_id = sqlc.arg(item_id) AND opening_milli IS NULL RETURNING on_hand_milli;

-- name: ListInventory :many
SELECT c.item_id, c.sku, c.name, c.unit, i.on_hand_milli, i.opening_milli, i.updated_at
FROM local_inventory i JOIN local_catalog c USING (item_id)
WHERE c.sku > sqlc.arg(after) AND (sqlc.arg(barcode)::text = '' OR c.item_id = ANY (sqlc.arg(item_ids)::uuid[]))
ORDER BY c.sku LIMIT sqlc.arg(lim);
