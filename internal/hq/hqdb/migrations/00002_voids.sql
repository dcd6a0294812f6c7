-- +goose Up

-- What was given up instead of sold, and what people did to prices.

create table hq_voided_baskets (
    store_id       text not null,
    transaction_id uuid not null,
    inbox_id       bigint not null,
    terminal_id    text,
    cashier_id     text,
    opened_by      text not null check (opened_by <> ''),
    approved_by    text,
    reason         text,
    business_date  date not null,
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    lines          integer not null check (lines >= 0),
    removed_lines  integer not null check (removed_lines >= 0),
    total          bigint not null check (total >= 0),
    cancelled      bigint not null check (cancelled >= 0),
    created_at     timestamptz not null,
    voided_at      timestamptz not null,
    primary key (store_id, transaction_id)
);
create index hq_voided_baskets_inbox on hq_voided_baskets (store_id, inbox_id);
create index hq_voided_baskets_day on hq_voided_baskets (store_id, business_date);
comment on table hq_voided_baskets is 'Baskets that were given up, as BasketVoided tells them; their lines stand in hq_inbox. No transaction is here and in hq_transactions.';
comment on column hq_voided_baskets.inbox_id is 'hq_inbox.id of the event that the row was made from.';
comment on column hq_voided_baskets.cashier_id is 'Who voided it; opened_by is whose basket it was.';
comment on column hq_voided_baskets.approved_by is 'Whose PIN stood for it; null: nobody''s, it took none.';
comment on column hq_voided_baskets.total is 'Minor units, VAT included: what it would have cost.';
comment on column hq_voided_baskets.cancelled is 'Minor units: cash that was given back, and pending payments that were given up.';

create table hq_overrides (
    store_id       text not null,
    transaction_id uuid not null,
    override_no    integer not null check (override_no >= 1),
    inbox_id       bigint not null,
    line_no        integer not null check (line_no >= 1),
    kind           text not null check (kind in ('DISCOUNT', 'PRICE')),
    before         bigint not null check (before >= 0),
    after          bigint not null check (after >= 0),
    reason         text not null check (reason <> ''),
    cashier_id     text not null check (cashier_id <> ''),
    approved_by    text,
    at             timestamptz not null,
    primary key (store_id, transaction_id, override_no)
);
create index hq_overrides_inbox on hq_overrides (store_id, inbox_id);
comment on table hq_overrides is 'Discounts and prices that people set, of paid sales and of voided baskets, in the order in which they happened.';
comment on column hq_overrides.override_no is 'Its place in the event, from 1.';
comment on column hq_overrides.before is 'Minor units: the line''s discount (DISCOUNT) or unit price (PRICE).';

-- +goose Down
drop table hq_overrides, hq_voided_baskets;
