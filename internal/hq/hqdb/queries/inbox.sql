-- name: LockStream :one
-- Taken first by every transaction that changes a store's data.
select epoch, received_upto, chain_hash from store_streams where store_id = @store_id for update;

-- name: InboxHashes :many
-- What HQ holds of a run of ids, with the reason of those that are set aside.
select i.id, i.event_id, i.hash, i.state, coalesce(q.code, '')::text as code, coalesce(q.message, '')::text as message
from hq_inbox i
left join hq_quarantine q on q.store_id = i.store_id and q.id = i.id
where i.store_id = @store_id and i.id between @first_id and @last_id
order by i.id;

-- name: InsertInbox :exec
insert into hq_inbox (store_id, id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id,
                      business_date, payload, hash, traceparent, state)
select @store_id::text, x.id, x.epoch, x.event_id, x.aggregate_id, x.type, x.version, x.occurred_at,
       nullif(x.terminal_id, ''), nullif(x.cashier_id, ''), x.business_date, x.payload, x.hash, nullif(x.traceparent, ''), x.state
from (select unnest(@ids::bigint[])              as id,
             unnest(@epochs::bigint[])           as epoch,
             unnest(@event_ids::uuid[])          as event_id,
             unnest(@aggregate_ids::uuid[])      as aggregate_id,
             unnest(@types::text[])              as type,
             unnest(@versions::integer[])        as version,
             unnest(@occurred_ats::timestamptz[]) as occurred_at,
             unnest(@terminal_ids::text[])       as terminal_id,
             unnest(@cashier_ids::text[])        as cashier_id,
             unnest(@business_dates::date[])     as business_date,
             unnest(@payloads::text[])           as payload,
             unnest(@hashes::bytea[])            as hash,
             unnest(@traceparents::text[])       as traceparent,
             unnest(@states::text[])             as state) x;

-- name: AdvanceStream :exec
-- The row is locked and checked; the guard is for the bug that nobody foresaw.
update store_streams
set received_upto = @received_upto, chain_hash = @chain_hash, last_seen = now()
where store_id = @store_id and received_upto = @expected_upto;

-- name: AdvanceIfNext :exec
-- The first statement of a transaction in one trip: the lock, the batch's claims, the watermark.
select intake_advance(@store_id::text, @epoch::bigint, @upto::bigint, @hash::bytea, @new_upto::bigint, @new_hash::bytea, @aggregate_ids::uuid[]);

-- name: FindEventIDs :many
select id, event_id from hq_inbox where store_id = @store_id and event_id = any (@event_ids::uuid[]) order by id;

-- name: ListInbox :many
select id, event_id, type, hash, received_at, state
from hq_inbox
where store_id = @store_id and id > @after
order by id
limit @max_rows;

-- name: ReadInbox :many
-- Whole events, for replay, rebuild and verify.
select id, epoch, event_id, aggregate_id, type, version, occurred_at, coalesce(terminal_id, '')::text as terminal_id,
       coalesce(cashier_id, '')::text as cashier_id, business_date, payload, hash, state
from hq_inbox
where store_id = @store_id and id > @after
order by id
limit @max_rows;

-- name: ReadHeld :many
-- The events of an aggregate that are set aside, in the store's order.
select i.id, i.epoch, i.event_id, i.aggregate_id, i.type, i.version, i.occurred_at, coalesce(i.terminal_id, '')::text as terminal_id,
       coalesce(i.cashier_id, '')::text as cashier_id, i.business_date, i.payload, i.hash, i.state
from hq_quarantine q
join hq_inbox i on i.store_id = q.store_id and i.id = q.id
where q.store_id = @store_id and q.aggregate_id = @aggregate_id
order by q.id;

-- name: SetInboxState :exec
update hq_inbox set state = @state where store_id = @store_id and id = any (@ids::bigint[]) and state <> @state;
