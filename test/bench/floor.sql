-- The floor of a finalize: what PostgreSQL itself needs to read and write the rows of one sale
-- of four lines, on the schema of the store edge with its constraints and triggers, as ONE function
-- call in ONE transaction. No rule is checked, no tax computed, nothing serialized or hashed: the
-- payloads and hashes come ready. Whatever the store's own code does is measured against this.
create function floor_sale(
    sale uuid, till text, once text, request bytea, answer text,
    items uuid[], quantities bigint[], event_ids uuid[], payloads text[], hashes bytea[]
) returns text language plpgsql as $$
declare
    t    transactions;
    head outbox_head;
    sold bigint;
    cash bigint;
    left_over bigint;
    seq  bigint;
    receipt text;
begin
    -- idempotency: lock the key, look it up
    perform pg_advisory_xact_lock(hashtextextended(till || ' ' || once, 0));
    perform 1 from idempotency_keys where terminal_id = till and key = once;

    -- the basket: the transaction under its lock, lines, payments
    select * into strict t from transactions where id = sale for update;
    select sum(gross - discount) into sold from line_items where transaction_id = sale and removed_at is null;
    select sum(amount) into cash from payments where transaction_id = sale and status = 'CAPTURED';
    if cash <> sold then
        raise exception 'the drafts of the bench are paid in full';
    end if;

    -- stock by key, in order; the receipt number
    for i in 1 .. array_length(items, 1) loop
        update local_inventory set on_hand_milli = on_hand_milli - quantities[i], updated_at = now()
        where item_id = items[i] returning on_hand_milli into strict left_over;
    end loop;
    update receipt_counters set last_seq = last_seq + 1 where terminal_id = till returning last_seq into strict seq;
    receipt := t.store_id || '-' || till || '-' || lpad(seq::text, 7, '0');

    update transactions
    set status = 'PAID', version = version + 1, updated_at = now(), finalized_at = now(), business_date = current_date,
        receipt_seq = seq, receipt_no = receipt, gross = sold, discount = 0, tax = 0, total = sold, tax_lines = '[]'
    where id = sale;
    insert into idempotency_keys (terminal_id, key, request_hash, status, body, created_at)
    values (till, once, request, 200, answer, now());

    -- the head last, three events behind it
    select * into strict head from outbox_head for update;
    insert into outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id,
                        business_date, payload, hash)
    select head.last_id + n, head.store_id, head.epoch, event_ids[n], sale, 'SaleRecorded', 1, now(), till, 'C1',
           current_date, payloads[n], hashes[n]
    from generate_series(1, 3) n;
    update outbox_head set last_id = head.last_id + 3, last_hash = hashes[3];
    return receipt;
end $$;
