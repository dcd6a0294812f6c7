-- name: TransactionsOfRun :many
select * from hq_transactions where store_id = @store_id and inbox_id between @first_id and @last_id order by inbox_id;

-- name: LineItemsOf :many
select * from hq_line_items where store_id = @store_id and transaction_id = any (@transaction_ids::uuid[]) order by transaction_id, line_no;

-- name: TaxLinesOf :many
select * from hq_tax_lines where store_id = @store_id and transaction_id = any (@transaction_ids::uuid[]) order by transaction_id, tax_code, rate_bp;

-- name: PaymentsOfRun :many
select * from hq_payments where store_id = @store_id and inbox_id between @first_id and @last_id order by inbox_id;

-- name: VoidedBasketsOfRun :many
select * from hq_voided_baskets where store_id = @store_id and inbox_id between @first_id and @last_id order by inbox_id;

-- name: OverridesOfRun :many
select * from hq_overrides where store_id = @store_id and inbox_id between @first_id and @last_id order by inbox_id, override_no;

-- name: SoldAndVoided :many
-- Transactions that are a sale and a voided basket, which none can be.
select v.transaction_id, v.inbox_id
from hq_voided_baskets v
join hq_transactions t on t.store_id = v.store_id and t.transaction_id = v.transaction_id
where v.store_id = @store_id
order by v.inbox_id;

-- name: InventoryOf :many
select * from hq_inventory where store_id = @store_id order by item_id;

-- name: CountProjections :one
select (select count(*) from hq_transactions t where t.store_id = @store_id) as transactions,
       (select count(*) from hq_line_items l where l.store_id = @store_id)   as line_items,
       (select count(*) from hq_tax_lines x where x.store_id = @store_id)    as tax_lines,
       (select count(*) from hq_payments p where p.store_id = @store_id)     as payments,
       (select count(*) from hq_voided_baskets v where v.store_id = @store_id) as voided_baskets,
       (select count(*) from hq_overrides o where o.store_id = @store_id)    as overrides;

-- name: UnbalancedSales :many
-- Sales whose captured payments are not their total.
select t.transaction_id, t.receipt_no, t.inbox_id, t.total, coalesce(sum(p.amount), 0)::bigint as captured
from hq_transactions t
left join hq_payments p on p.store_id = t.store_id and p.transaction_id = t.transaction_id
where t.store_id = @store_id
group by t.store_id, t.transaction_id
having t.total <> coalesce(sum(p.amount), 0)
order by t.inbox_id;
