-- name: InsertStore :execrows
insert into stores (store_id, name, token_hash)
values ($1, $2, $3)
on conflict (store_id) do nothing;

-- name: InsertStream :exec
insert into store_streams (store_id) values ($1);

-- name: UpdateStoreToken :execrows
update stores set token_hash = @token_hash, token_issued_at = now() where store_id = @store_id;

-- name: StoreOfToken :one
select store_id from stores where token_hash = @token_hash;

-- name: TouchStream :exec
update store_streams set last_seen = now() where store_id = @store_id;

-- name: ListStores :many
select s.store_id, s.name, s.created_at, st.epoch, st.received_upto, st.chain_hash, st.last_seen,
       st.claimed_head, st.clock_offset_ms,
       (select count(*) from hq_quarantine q where q.store_id = s.store_id) as quarantined
from stores s
join store_streams st on st.store_id = s.store_id
where s.store_id > @after
order by s.store_id
limit @max_rows;

-- name: GetStore :one
select s.store_id, s.name, s.created_at, st.epoch, st.received_upto, st.chain_hash, st.last_seen,
       st.claimed_head, st.clock_offset_ms,
       (select count(*) from hq_quarantine q where q.store_id = s.store_id) as quarantined
from stores s
join store_streams st on st.store_id = s.store_id
where s.store_id = @store_id;

-- name: RecordHeartbeat :one
update store_streams set last_seen = now(), claimed_head = @head, clock_offset_ms = @clock_offset_ms
where store_id = @store_id
returning received_upto;

-- name: RecordHead :one
-- When a store was heard last is no promise: COMMIT does not wait for the disk.
update store_streams set last_seen = now(), claimed_head = @head
where store_id = @store_id and set_config('synchronous_commit', 'off', true) is not null
returning epoch, received_upto, chain_hash;
