-- name: CountStores :one
select count(*) from stores;

-- name: StreamsAstray :many
-- Streams whose head is not the last event of the store's log.
select st.store_id, st.received_upto, coalesce(last.id, 0)::bigint as last_id
from store_streams st
left join lateral (select i.id, i.hash from hq_inbox i where i.store_id = st.store_id order by i.id desc limit 1) last on true
where st.received_upto <> coalesce(last.id, 0) or st.chain_hash <> coalesce(last.hash, decode(repeat('00', 32), 'hex'))
order by st.store_id
limit @max_rows;
