-- +goose Up

-- A batch that claims to follow right behind what HQ has needs no look at it
-- before it is written: the database compares the claim under the row's lock and
-- refuses (SQLSTATE TM001) what the program has then to look at. The UPDATE is
-- the lock: whoever waited for it compares with what it waited for.
-- What is set aside is read by a statement behind it, which sees all that was
-- committed before the lock was had.
-- +goose StatementBegin
create function intake_advance(in_store_id text, in_epoch bigint, in_upto bigint, in_hash bytea, in_new_upto bigint, in_new_hash bytea, in_aggregate_ids uuid[])
returns void language plpgsql as $$
begin
    update store_streams
    set received_upto = in_new_upto, chain_hash = in_new_hash, last_seen = now()
    where store_id = in_store_id and epoch = in_epoch and received_upto = in_upto and chain_hash = in_hash;
    if not found then
        raise exception 'store % is not where the batch begins', in_store_id using errcode = 'TM001';
    end if;
    if exists (select from hq_quarantine where store_id = in_store_id) -- most stores have none: one look instead of one an aggregate
       and exists (select from hq_quarantine where store_id = in_store_id and aggregate_id = any (in_aggregate_ids)) then
        raise exception 'store % has events set aside that the batch goes on about', in_store_id using errcode = 'TM001';
    end if;
end
$$;
-- +goose StatementEnd
comment on function intake_advance is 'Locks a store''s stream and moves its watermark from in_upto to in_new_upto, or raises TM001 and leaves the decision to the program.';

-- +goose Down
drop function intake_advance;
