-- name: InsertTransactions :exec
insert into hq_transactions (store_id, transaction_id, inbox_id, receipt_no, terminal_id, cashier_id, shift_id, business_date,
                             currency, gross, discount, subtotal, tax, total, paid, change, created_at, finalized_at)
select @store_id::text, x.transaction_id, x.inbox_id, x.receipt_no, nullif(x.terminal_id, ''), nullif(x.cashier_id, ''),
       nullif(x.shift_id, '00000000-0000-0000-0000-000000000000'), x.business_date,
       x.currency, x.gross, x.discount, x.subtotal, x.tax, x.total, x.paid, x.change, x.created_at, x.finalized_at
from (select unnest(@transaction_ids::uuid[])      as transaction_id,
             unnest(@inbox_ids::bigint[])          as inbox_id,
             unnest(@receipt_nos::text[])          as receipt_no,
             unnest(@terminal_ids::text[])         as terminal_id,
             unnest(@cashier_ids::text[])          as cashier_id,
             unnest(@shift_ids::uuid[])            as shift_id,
             unnest(@business_dates::date[])       as business_date,
             unnest(@currencies::text[])           as currency,
             unnest(@gross::bigint[])              as gross,
             unnest(@discounts::bigint[])          as discount,
             unnest(@subtotals::bigint[])          as subtotal,
             unnest(@taxes::bigint[])              as tax,
             unnest(@totals::bigint[])             as total,
             unnest(@paid::bigint[])               as paid,
             unnest(@changes::bigint[])            as change,
             unnest(@created_ats::timestamptz[])   as created_at,
             unnest(@finalized_ats::timestamptz[]) as finalized_at) x;

-- name: InsertLineItems :exec
insert into hq_line_items (store_id, transaction_id, line_no, item_id, sku, name, unit, category, barcode,
                           quantity_milli, unit_price, gross, discount, amount, tax_code, rate_bp)
select @store_id::text, x.transaction_id, x.line_no, x.item_id, x.sku, x.name, x.unit, x.category, nullif(x.barcode, ''),
       x.quantity_milli, x.unit_price, x.gross, x.discount, x.amount, x.tax_code, x.rate_bp
from (select unnest(@transaction_ids::uuid[])  as transaction_id,
             unnest(@line_nos::integer[])      as line_no,
             unnest(@item_ids::uuid[])         as item_id,
             unnest(@skus::text[])             as sku,
             unnest(@names::text[])            as name,
             unnest(@units::text[])            as unit,
             unnest(@categories::text[])       as category,
             unnest(@barcodes::text[])         as barcode,
             unnest(@quantities::bigint[])     as quantity_milli,
             unnest(@unit_prices::bigint[])    as unit_price,
             unnest(@gross::bigint[])          as gross,
             unnest(@discounts::bigint[])      as discount,
             unnest(@amounts::bigint[])        as amount,
             unnest(@tax_codes::text[])        as tax_code,
             unnest(@rates_bp::integer[])      as rate_bp) x;

-- name: InsertTaxLines :exec
insert into hq_tax_lines (store_id, transaction_id, tax_code, rate_bp, base, tax)
select @store_id::text, x.transaction_id, x.tax_code, x.rate_bp, x.base, x.tax
from (select unnest(@transaction_ids::uuid[]) as transaction_id,
             unnest(@tax_codes::text[])       as tax_code,
             unnest(@rates_bp::integer[])     as rate_bp,
             unnest(@bases::bigint[])         as base,
             unnest(@taxes::bigint[])         as tax) x;

-- name: InsertPayments :exec
insert into hq_payments (store_id, payment_id, inbox_id, transaction_id, method, provider, reference,
                         amount, tendered, change, terminal_id, cashier_id, captured_at)
select @store_id::text, x.payment_id, x.inbox_id, x.transaction_id, x.method, nullif(x.provider, ''), nullif(x.reference, ''),
       x.amount, x.tendered, x.change, nullif(x.terminal_id, ''), nullif(x.cashier_id, ''), x.captured_at
from (select unnest(@payment_ids::uuid[])         as payment_id,
             unnest(@inbox_ids::bigint[])         as inbox_id,
             unnest(@transaction_ids::uuid[])     as transaction_id,
             unnest(@methods::text[])             as method,
             unnest(@providers::text[])           as provider,
             unnest(@refs::text[])                as reference,
             unnest(@amounts::bigint[])           as amount,
             unnest(@tendered::bigint[])          as tendered,
             unnest(@changes::bigint[])           as change,
             unnest(@terminal_ids::text[])        as terminal_id,
             unnest(@cashier_ids::text[])         as cashier_id,
             unnest(@captured_ats::timestamptz[]) as captured_at) x;

-- name: MoveInventory :exec
-- One row an item. The sum always grows; sku, name and the store's own balance
-- are those of the newest movement, so that a replay of an old event does not
-- turn them back.
insert into hq_inventory as inv (store_id, item_id, sku, name, on_hand_milli, edge_balance_milli, edge_balance_id)
select @store_id::text, x.item_id, x.sku, x.name, x.moved, x.balance, x.inbox_id
from (select unnest(@item_ids::uuid[])   as item_id,
             unnest(@skus::text[])       as sku,
             unnest(@names::text[])      as name,
             unnest(@moved::bigint[])    as moved,
             unnest(@balances::bigint[]) as balance,
             unnest(@inbox_ids::bigint[]) as inbox_id) x
on conflict (store_id, item_id) do update
set on_hand_milli      = inv.on_hand_milli + excluded.on_hand_milli,
    sku                = case when excluded.edge_balance_id >= inv.edge_balance_id then excluded.sku else inv.sku end,
    name               = case when excluded.edge_balance_id >= inv.edge_balance_id then excluded.name else inv.name end,
    edge_balance_milli = case when excluded.edge_balance_id >= inv.edge_balance_id then excluded.edge_balance_milli else inv.edge_balance_milli end,
    edge_balance_id    = greatest(inv.edge_balance_id, excluded.edge_balance_id);

-- name: InsertVoidedBaskets :exec
insert into hq_voided_baskets (store_id, transaction_id, inbox_id, terminal_id, cashier_id, opened_by, approved_by, reason, business_date,
                               currency, lines, removed_lines, total, cancelled, created_at, voided_at)
select @store_id::text, x.transaction_id, x.inbox_id, nullif(x.terminal_id, ''), nullif(x.cashier_id, ''), x.opened_by, nullif(x.approved_by, ''),
       nullif(x.reason, ''), x.business_date, x.currency, x.lines, x.removed_lines, x.total, x.cancelled, x.created_at, x.voided_at
from (select unnest(@transaction_ids::uuid[])    as transaction_id,
             unnest(@inbox_ids::bigint[])        as inbox_id,
             unnest(@terminal_ids::text[])       as terminal_id,
             unnest(@cashier_ids::text[])        as cashier_id,
             unnest(@opened_bys::text[])         as opened_by,
             unnest(@approved_bys::text[])       as approved_by,
             unnest(@reasons::text[])            as reason,
             unnest(@business_dates::date[])     as business_date,
             unnest(@currencies::text[])         as currency,
             unnest(@lines::integer[])           as lines,
             unnest(@removed_lines::integer[])   as removed_lines,
             unnest(@totals::bigint[])           as total,
             unnest(@cancelled::bigint[])        as cancelled,
             unnest(@created_ats::timestamptz[]) as created_at,
             unnest(@voided_ats::timestamptz[])  as voided_at) x;

-- name: InsertOverrides :exec
insert into hq_overrides (store_id, transaction_id, override_no, inbox_id, line_no, kind, before, after, reason, cashier_id, approved_by, at)
select @store_id::text, x.transaction_id, x.override_no, x.inbox_id, x.line_no, x.kind, x.before, x.after, x.reason, x.cashier_id,
       nullif(x.approved_by, ''), x.at
from (select unnest(@transaction_ids::uuid[]) as transaction_id,
             unnest(@override_nos::integer[]) as override_no,
             unnest(@inbox_ids::bigint[])     as inbox_id,
             unnest(@line_nos::integer[])     as line_no,
             unnest(@kinds::text[])           as kind,
             unnest(@befores::bigint[])       as before,
             unnest(@afters::bigint[])        as after,
             unnest(@reasons::text[])         as reason,
             unnest(@cashier_ids::text[])     as cashier_id,
             unnest(@approved_bys::text[])    as approved_by,
             unnest(@ats::timestamptz[])      as at) x;

-- name: ClearVoidedBaskets :exec
delete from hq_voided_baskets where store_id = @store_id;

-- name: ClearOverrides :exec
delete from hq_overrides where store_id = @store_id;

-- name: ClearTransactions :exec
delete from hq_transactions where store_id = @store_id;

-- name: ClearLineItems :exec
delete from hq_line_items where store_id = @store_id;

-- name: ClearTaxLines :exec
delete from hq_tax_lines where store_id = @store_id;

-- name: ClearPayments :exec
delete from hq_payments where store_id = @store_id;

-- name: ClearInventory :exec
delete from hq_inventory where store_id = @store_id;

