-- +goose Up

-- HQ keeps, per store: the store's log as it came (hq_inbox), how far it has it
-- (store_streams), what it means (the projections), and what could not be
-- applied (hq_quarantine). Every key of store data begins with store_id and no
-- foreign key crosses a table, so that all of it can be distributed by store_id.
--
-- Money is bigint in minor units of the store's currency (VND has none: 25000
-- is 25 000 đ) and includes tax. Quantities are bigint in thousandths, and
-- their columns end in _milli. Rates are basis points: 800 is 8 %.

create table stores (
    store_id        text primary key check (store_id ~ '^[A-Za-z0-9]{1,16}$'),
    name            text not null check (name <> '' and length(name) <= 200),
    token_hash      bytea not null unique check (octet_length(token_hash) = 32),
    token_issued_at timestamptz not null default now(),
    created_at      timestamptz not null default now()
);
comment on table stores is 'The shops of the chain, each with the one token that its store edge may use.';
comment on column stores.token_hash is 'SHA-256 of the store token; the token itself is shown once and kept nowhere.';
comment on column stores.token_issued_at is 'When the present token replaced the one before it.';

create table store_streams (
    store_id        text primary key,
    epoch           bigint not null default 1 check (epoch >= 1),
    received_upto   bigint not null default 0 check (received_upto >= 0),
    chain_hash      bytea not null default decode(repeat('00', 32), 'hex') check (octet_length(chain_hash) = 32),
    last_seen       timestamptz,
    claimed_head    bigint check (claimed_head >= 0),
    clock_offset_ms bigint
);
comment on table store_streams is 'How far HQ has each store''s log. The row is locked first by every transaction that changes the store''s data, which makes them one after another.';
comment on column store_streams.epoch is 'The epoch that HQ issued to the store last; a sender of any other is fenced.';
comment on column store_streams.received_upto is 'The watermark: hq_inbox holds every event from 1 to this id.';
comment on column store_streams.chain_hash is 'Hash of event received_upto; 32 zero bytes at 0.';
comment on column store_streams.last_seen is 'HQ''s clock, when the store last spoke with a valid token.';
comment on column store_streams.claimed_head is 'The last id that the store said it has; null as long as it has not said.';
comment on column store_streams.clock_offset_ms is 'The store''s clock minus HQ''s in milliseconds; null as long as it is not known.';

create table hq_inbox (
    store_id      text not null,
    id            bigint not null check (id >= 1),
    epoch         bigint not null check (epoch >= 1),
    event_id      uuid not null,
    aggregate_id  uuid not null,
    type          text not null,
    version       integer not null check (version >= 1),
    occurred_at   timestamptz not null,
    terminal_id   text,
    cashier_id    text,
    business_date date not null,
    payload       text not null,
    hash          bytea not null check (octet_length(hash) = 32),
    traceparent   text,
    received_at   timestamptz not null default now(),
    state         text not null check (state in ('APPLIED', 'QUARANTINED', 'WAITING')),
    primary key (store_id, id),
    constraint hq_inbox_event_id_key unique (store_id, event_id)
);
comment on table hq_inbox is 'Each store''s log, byte for byte as it was hashed. Only ever appended to; never partitioned by time, because event_id is unique per store.';
comment on column hq_inbox.id is 'Position in the store''s log, from 1, gapless.';
comment on column hq_inbox.epoch is 'Of the store box that wrote the event.';
comment on column hq_inbox.aggregate_id is 'What the event is about; a bad event holds up only later ones of its aggregate.';
comment on column hq_inbox.occurred_at is 'The store''s clock, to the microsecond. It orders nothing.';
comment on column hq_inbox.business_date is 'The shop''s day, as the shop says.';
comment on column hq_inbox.payload is 'The exact UTF-8 bytes that were hashed; text, so that nothing reformats them.';
comment on column hq_inbox.hash is 'SHA-256 of the chain up to and including this event.';
comment on column hq_inbox.received_at is 'HQ''s clock, when the event was stored.';
comment on column hq_inbox.state is 'APPLIED: in the projections. QUARANTINED or WAITING: not, see hq_quarantine.';

create table hq_quarantine (
    store_id     text not null,
    id           bigint not null,
    event_id     uuid not null,
    aggregate_id uuid not null,
    type         text not null,
    state        text not null check (state in ('QUARANTINED', 'WAITING')),
    code         text not null,
    message      text not null,
    attempts     integer not null default 1 check (attempts >= 1),
    first_seen   timestamptz not null default now(),
    last_tried   timestamptz not null default now(),
    primary key (store_id, id)
);
create index hq_quarantine_aggregate on hq_quarantine (store_id, aggregate_id, id);
comment on table hq_quarantine is 'Events that HQ holds in hq_inbox and could not apply. A row leaves when its event has been applied.';
comment on column hq_quarantine.state is 'QUARANTINED: refused, for the reason in code. WAITING: behind a refused event of its aggregate.';
comment on column hq_quarantine.code is 'Why, as a stable word: unknown_type, sum_mismatch, receipt_reused, …; waiting.';
comment on column hq_quarantine.attempts is 'How often HQ tried, the first time included.';

create table hq_transactions (
    store_id       text not null,
    transaction_id uuid not null,
    inbox_id       bigint not null,
    receipt_no     text not null check (receipt_no <> ''),
    terminal_id    text,
    cashier_id     text,
    shift_id       uuid,
    business_date  date not null,
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    gross          bigint not null check (gross >= 0),
    discount       bigint not null check (discount >= 0),
    subtotal       bigint not null check (subtotal >= 0),
    tax            bigint not null check (tax >= 0),
    total          bigint not null check (total >= 0),
    paid           bigint not null check (paid >= 0),
    change         bigint not null check (change >= 0),
    created_at     timestamptz not null,
    finalized_at   timestamptz not null,
    primary key (store_id, transaction_id),
    constraint hq_transactions_receipt_no_key unique (store_id, receipt_no),
    constraint hq_transactions_sums check (total = gross - discount and total = subtotal + tax and paid = total)
);
create index hq_transactions_inbox on hq_transactions (store_id, inbox_id);
create index hq_transactions_day on hq_transactions (store_id, business_date);
comment on table hq_transactions is 'Paid sales, as SaleRecorded tells them. Amounts are verified, never rewritten.';
comment on column hq_transactions.inbox_id is 'hq_inbox.id of the event that the row was made from.';
comment on column hq_transactions.change is 'Handed back in cash; not part of paid.';
comment on column hq_transactions.created_at is 'The store''s clock at the first scan.';
comment on column hq_transactions.finalized_at is 'The store''s clock when the sale became PAID.';

create table hq_line_items (
    store_id       text not null,
    transaction_id uuid not null,
    line_no        integer not null check (line_no >= 1),
    item_id        uuid not null,
    sku            text not null,
    name           text not null,
    unit           text not null,
    category       text not null,
    barcode        text,
    quantity_milli bigint not null check (quantity_milli > 0),
    unit_price     bigint not null check (unit_price >= 0),
    gross          bigint not null check (gross >= 0),
    discount       bigint not null check (discount between 0 and gross),
    amount         bigint not null,
    tax_code       text not null,
    rate_bp        integer not null check (rate_bp between 0 and 10000),
    primary key (store_id, transaction_id, line_no),
    constraint hq_line_items_sums check (amount = gross - discount)
);
comment on table hq_line_items is 'The lines of paid sales; removed lines never reach HQ. There is no foreign key to items: a line says all that it needs.';
comment on column hq_line_items.quantity_milli is 'Units in thousandths: 1000 is one piece, 355 is 0.355 kg.';
comment on column hq_line_items.unit_price is 'Minor units, VAT included, as it stood at the scan.';

create table hq_tax_lines (
    store_id       text not null,
    transaction_id uuid not null,
    tax_code       text not null,
    rate_bp        integer not null check (rate_bp between 0 and 10000),
    base           bigint not null check (base >= 0),
    tax            bigint not null check (tax >= 0),
    primary key (store_id, transaction_id, tax_code, rate_bp)
);
comment on table hq_tax_lines is 'A sale''s tax per code and rate; base + tax is what its lines of that code and rate cost.';

create table hq_payments (
    store_id       text not null,
    payment_id     uuid not null,
    inbox_id       bigint not null,
    transaction_id uuid not null,
    method         text not null check (method <> ''),
    provider       text,
    reference      text,
    amount         bigint not null check (amount > 0),
    tendered       bigint not null,
    change         bigint not null check (change >= 0),
    terminal_id    text,
    cashier_id     text,
    captured_at    timestamptz not null,
    primary key (store_id, payment_id),
    constraint hq_payments_sums check (change = tendered - amount)
);
create index hq_payments_inbox on hq_payments (store_id, inbox_id);
create index hq_payments_transaction on hq_payments (store_id, transaction_id);
comment on table hq_payments is 'Captured payments. A QR payment may arrive before its sale, so there is no foreign key between them.';
comment on column hq_payments.inbox_id is 'hq_inbox.id of the event that the row was made from.';
comment on column hq_payments.amount is 'What it applies to the sale: tendered minus change.';

create table hq_inventory (
    store_id           text not null,
    item_id            uuid not null,
    sku                text not null,
    name               text not null,
    on_hand_milli      bigint not null,
    edge_balance_milli bigint not null,
    edge_balance_id    bigint not null,
    drift              boolean not null generated always as (on_hand_milli <> edge_balance_milli) stored,
    primary key (store_id, item_id)
);
comment on table hq_inventory is 'Stock per store and item: the sum of the movements that HQ has applied.';
comment on column hq_inventory.on_hand_milli is 'Σ movements in thousandths of the item''s unit; it may be negative.';
comment on column hq_inventory.edge_balance_milli is 'What the store said it had after its movement edge_balance_id, in thousandths; compared, never assigned.';
comment on column hq_inventory.edge_balance_id is 'hq_inbox.id of the newest applied movement; sku and name are that event''s, too.';
comment on column hq_inventory.drift is 'HQ''s sum and the store''s word differ: a movement is missing (quarantined), or the store counted differently.';

-- +goose StatementBegin
create function hq_inbox_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'hq_inbox is append-only: % is refused', tg_op using errcode = 'restrict_violation';
end
$$;
-- +goose StatementEnd

create trigger hq_inbox_envelope_is_final
    before update of store_id, id, epoch, event_id, aggregate_id, type, version, occurred_at,
        terminal_id, cashier_id, business_date, payload, hash, traceparent, received_at
    on hq_inbox for each row execute function hq_inbox_is_append_only();
create trigger hq_inbox_is_never_deleted
    before delete on hq_inbox for each row execute function hq_inbox_is_append_only();
create trigger hq_inbox_is_never_truncated
    before truncate on hq_inbox for each statement execute function hq_inbox_is_append_only();

-- +goose Down
drop table hq_inventory, hq_payments, hq_tax_lines, hq_line_items, hq_transactions, hq_quarantine, hq_inbox, store_streams, stores;
drop function hq_inbox_is_append_only();
