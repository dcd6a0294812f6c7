-- +goose Up
-- The log tells the program what it wrote: the store, epoch and last id of the head, and the hash of
-- every event, so that the relay sends what was just committed without reading it again. The writing
-- itself is that of 00007_finalize.sql. It has a name of its own: a program of the release before still
-- calls outbox_append while it is replaced.
-- +goose StatementBegin
CREATE FUNCTION outbox_append_events(event_ids uuid[], aggregate_ids uuid[], types text[], versions integer[], occurred_ats timestamptz[],
                              terminal_ids text[], cashier_ids text[], business_dates date[], payloads text[], traceparents text[], tails bytea[],
                              OUT store text, OUT writer_epoch bigint, OUT written_upto bigint, OUT hashes bytea[])
LANGUAGE plpgsql AS $$
DECLARE
  head   outbox_head;
  origin bytea;
  hash   bytea;
BEGIN
  SELECT * INTO STRICT head FROM outbox_head FOR UPDATE;
  origin := int4send(octet_length(head.store_id)) || convert_to(head.store_id, 'UTF8') || int8send(head.epoch);
  hash := head.last_hash;
  FOR n IN 1 .. cardinality(event_ids) LOOP
    hash := sha256(hash || origin || int8send(head.last_id + n) || tails[n]);
    hashes[n] := hash;
  END LOOP;
  INSERT INTO outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, terminal_id, cashier_id, business_date,
                      payload, hash, traceparent)
  SELECT head.last_id + n, head.store_id, head.epoch, event_ids[n], aggregate_ids[n], types[n], versions[n], occurred_ats[n], terminal_ids[n],
         cashier_ids[n], business_dates[n], payloads[n], hashes[n], traceparents[n]
  FROM generate_series(1, cardinality(event_ids)) n;
  UPDATE outbox_head SET last_id = head.last_id + cardinality(event_ids), last_hash = hash;
  store := head.store_id;
  writer_epoch := head.epoch;
  written_upto := head.last_id + cardinality(event_ids);
END $$;
-- +goose StatementEnd
COMMENT ON FUNCTION outbox_append_events IS 'Gives events their places at the end of the log, in order, and tells whose they are, the last id and the hashes.';
COMMENT ON FUNCTION outbox_append IS 'For a program of the release before, which may run until it is replaced; goes with the next release.';

-- +goose Down
DROP FUNCTION outbox_append_events;
COMMENT ON FUNCTION outbox_append IS 'Gives events their places at the end of the log, in order, and returns the last id.';
