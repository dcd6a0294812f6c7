-- name: HeldAggregates :many
-- Those of the aggregates that have an event set aside, and the first of them.
select aggregate_id, min(id)::bigint as first_id
from hq_quarantine
where store_id = @store_id and aggregate_id = any (@aggregate_ids::uuid[])
group by aggregate_id;

-- name: SetAside :exec
insert into hq_quarantine (store_id, id, event_id, aggregate_id, type, state, code, message)
select @store_id::text, x.id, x.event_id, x.aggregate_id, x.type, x.state, x.code, x.message
from (select unnest(@ids::bigint[])         as id,
             unnest(@event_ids::uuid[])     as event_id,
             unnest(@aggregate_ids::uuid[]) as aggregate_id,
             unnest(@types::text[])         as type,
             unnest(@states::text[])        as state,
             unnest(@codes::text[])         as code,
             unnest(@messages::text[])      as message) x
on conflict (store_id, id) do update
set state = excluded.state, code = excluded.code, message = excluded.message,
    attempts = hq_quarantine.attempts + 1, last_tried = now();

-- name: LetGo :exec
delete from hq_quarantine where store_id = @store_id and id = any (@ids::bigint[]);

-- name: ListQuarantine :many
select store_id, id, event_id, aggregate_id, type, state, code, message, attempts, first_seen, last_tried
from hq_quarantine
where (store_id, id) > (@after_store::text, @after_id::bigint)
  and (@only_store::text = '' or store_id = @only_store::text)
order by store_id, id
limit @max_rows;

-- name: GetQuarantined :one
select q.store_id, q.id, q.event_id, q.aggregate_id, q.type, q.state, q.code, q.message, q.attempts, q.first_seen, q.last_tried,
       i.occurred_at, i.received_at, i.business_date, i.payload
from hq_quarantine q
join hq_inbox i on i.store_id = q.store_id and i.id = q.id
where q.store_id = @store_id and q.id = @id;

-- name: FirstQuarantined :many
-- The refused events of a store, each the first of its aggregate.
select id, aggregate_id from hq_quarantine where store_id = @store_id and state = 'QUARANTINED' order by id;

-- name: CountQuarantined :one
select count(*) from hq_quarantine;
