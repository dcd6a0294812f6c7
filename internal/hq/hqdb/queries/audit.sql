-- name: TransactionsOfRun :many
select * from hq_transactions where store_id = @store_id and inbox_id between @first_id and @last_id order by inbox_id;

-- name: LineItemsOf :many
select * from hq_line_items where store_id = @store_id and transaction_id = any (@transaction_ids::uuid[]) order by transaction_id, line_no;

-- name: TaxLinesOf :many
select * from hq_tax_lines where store_id = @store_id and transaction_id = any (@transaction_ids::uuid[]) order by transaction_id, tax_code, rate_bp;

-- name: PaymentsOfRun :many
select * from hq_payments where store_id = @store_id and inbox_id between @first_id and @last_id order by inbox_id;

-- name: InventoryOf :many
select * from hq_inventory where store_id = @store_id order by item_id;

-- name: CountProjections :one
select (select count(*) from hq_transactions t where t.store_id = @store_id) as transactions,
       (select count(*) from hq_line_items l where l.store_id = @store_id)   as line_items,
       (select count(*) from hq_tax_lines x where x.store_id = @store_id)    as tax_lines,
       (select count(*) from hq_payments p where p.store_id = @store_id)     as payments;

-- name: UnbalancedSales :many
-- Sales whose captured payments are not their total.
select t.transaction_id, t.receipt_no, t.inbox_id, t.total, coalesce(sum(p.amount), 0)::bigint as captured
from hq_transactions t
left join hq_payments p on p.store_id = t.store_id and p.transaction_id = t.transaction_id
where t.store_id = @store_id
group by t.store_id, t.transaction_id
having t.total <> coalesce(sum(p.amount), 0)
order by t.inbox_id;
