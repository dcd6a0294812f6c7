-- The peer of a drain: the shop's tables under PostgreSQL's own logical replication. Sales that
-- were copied into the staged tables become a backlog of one transaction a sale, as a shop makes it.
create table staged_transactions (like transactions including defaults);
create table staged_line_items (like line_items including defaults);
create table staged_payments (like payments including defaults);
create table staged_outbox (like outbox including defaults);
create index on staged_transactions (created_at, id);
create index on staged_line_items (transaction_id);
create index on staged_payments (transaction_id);
create index on staged_outbox (id);

create procedure make_backlog() language plpgsql as $$
declare
    sale uuid;
    at   bigint;
begin
    select coalesce(max(id), 0) into at from outbox;
    for sale in select id from staged_transactions order by created_at, id loop
        insert into transactions select * from staged_transactions where id = sale;
        insert into line_items select * from staged_line_items where transaction_id = sale;
        insert into payments select * from staged_payments where transaction_id = sale;
        update local_inventory i set on_hand_milli = on_hand_milli - 1000
        where i.item_id = any (select l.item_id from staged_line_items l where l.transaction_id = sale);
        insert into outbox select * from staged_outbox where id between at + 1 and at + 3;
        at := at + 3;
        commit;
    end loop;
end $$;
