package edge_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/uplink"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// farEnd is an HQ in memory, which can lose the end of what it had.
type farEnd struct {
	mu  sync.Mutex
	log []wire.Event
}

func (f *farEnd) Protocol() string { return wire.HTTP }

func (f *farEnd) Open(context.Context, *wire.Hello) (uplink.Stream, *wire.Answer, error) {
	return &farStream{hq: f, answers: make(chan *wire.Answer, 2*wire.MostCredit)}, f.sync(), nil
}

// farStream answers at once.
type farStream struct {
	hq      *farEnd
	answers chan *wire.Answer
}

func (s *farStream) Close() {}

func (s *farStream) Ask(context.Context, int64, bool) error {
	s.answers <- s.hq.sync()
	return nil
}

func (s *farStream) Send(_ context.Context, b *wire.Batch) error {
	at := s.hq.sync()
	if b.FirstID != at.ReceivedUpto+1 || b.PrevHash != at.ChainHash || b.BrokenAt() != 0 {
		return context.DeadlineExceeded // the tests never let it come to that
	}
	s.hq.mu.Lock()
	s.hq.log = append(s.hq.log, b.Events...)
	s.hq.mu.Unlock()
	at = s.hq.sync()
	at.FirstID, at.Accepted = b.FirstID, len(b.Events)
	s.answers <- at
	return nil
}

func (s *farStream) Receive(ctx context.Context) (*wire.Answer, error) {
	select {
	case answer := <-s.answers:
		return answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// sync is HQ's watermark.
func (f *farEnd) sync() *wire.Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := &wire.Answer{Ack: wire.Ack{ReceivedUpto: int64(len(f.log))}, Credit: 1}
	if len(f.log) > 0 {
		a.ChainHash = f.log[len(f.log)-1].Hash
	}
	return a
}

// fallBack is a restore from a backup that had the first n events.
func (f *farEnd) fallBack(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = f.log[:n]
}

// relayUntil runs a relay until it says so.
func relayUntil(t *testing.T, app *edge.App, hq *farEnd, enough func(uplink.Status) bool) {
	t.Helper()
	relay := uplink.New(uplink.NewJournal(app.DB), app.Outbox, uplink.Ways{First: hq}, uplink.Config{RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond, Poll: 5 * time.Millisecond,
		Resync: 20 * time.Millisecond}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx, app.DB) })
	require.Eventually(t, func() bool { return enough(relay.Status()) }, 10*time.Second, 2*time.Millisecond)
	stop()
	running.Wait()
}

// After retention the relay goes on, and an HQ that was restored from a backup
// is sent again what it lost, as far back as events are kept.
func TestTheRelayAfterRetention(t *testing.T) {
	t.Parallel()
	app, hq := open(t), &farEnd{}
	append15 := func(ctx context.Context, tx *postgres.Tx) error {
		drafts := make([]outbox.Draft, 15)
		for i := range drafts {
			var err error
			if drafts[i], err = outbox.NewDraft(outbox.Draft{Type: "Noted", AggregateID: uuid.Must(uuid.NewV7()), OccurredAt: time.Now(),
				BusinessDate: "2026-11-22"}, map[string]int{"note": i}); err != nil {
				return err
			}
		}
		return app.Outbox.Append(ctx, tx, drafts...)
	}
	require.NoError(t, app.DB.InTx(t.Context(), append15))
	complete := func(s uplink.Status) bool { return s.Acked == 15 && s.Alarm == nil }
	relayUntil(t, app, hq, complete)

	later := time.Now().Add(outbox.Keep + time.Minute)
	require.NoError(t, edgedb.New().SetCursor(t.Context(), app.DB, "uplink.acked", 8)) // as a relay does when HQ has fallen back
	done, err := app.Outbox.Retire(t.Context(), app.DB, later)
	require.NoError(t, err)
	require.EqualValues(t, 7, done, "HQ's watermark, and what is behind it, stays")

	for name, upto := range map[string]int{"at the watermark": 8, "at the last that was retired": 7, "between": 12} {
		hq.fallBack(upto)
		relayUntil(t, app, hq, complete)
		at := hq.sync()
		require.EqualValues(t, 15, at.ReceivedUpto, name)
		report, err := app.Outbox.Verify(t.Context(), app.DB)
		require.NoError(t, err)
		require.Equal(t, at.ChainHash, report.Hash, name)
		require.Equal(t, []int64{0, 8, 15}, []int64{report.BadID, report.FirstID, report.LastID}, report.Problem)
	}
	done, err = app.Outbox.Retire(t.Context(), app.DB, later)
	require.NoError(t, err)
	require.EqualValues(t, 7, done, "now all but the newest")

	hq.fallBack(5) // further than the shop remembers: an alarm, and sales go on
	relayUntil(t, app, hq, func(s uplink.Status) bool { return s.Alarm != nil })
	at := hq.sync()
	require.EqualValues(t, 5, at.ReceivedUpto)
	require.NoError(t, app.DB.InTx(t.Context(), append15))
}

// A server that runs retires by itself, without waiting for its first hour.
func TestServeRetires(t *testing.T) {
	t.Parallel()
	app := open(t)
	var drafts []outbox.Draft
	for range 3 {
		d, err := outbox.NewDraft(outbox.Draft{Type: "Noted", AggregateID: uuid.Must(uuid.NewV7()), OccurredAt: time.Now(), BusinessDate: "2026-11-22"}, "x")
		require.NoError(t, err)
		drafts = append(drafts, d)
	}
	require.NoError(t, app.DB.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return app.Outbox.Append(ctx, tx, drafts...) }))
	for _, sql := range []string{"update outbox set published_at = now() - interval '36 days'", "update sync_cursors set position = 3",
		"insert into idempotency_keys (terminal_id, key, request_hash, status, body, created_at) values ('T1', 'k', decode(repeat('00', 32), 'hex'), 200, '{}', now() - interval '36 days')",
		"insert into pin_attempts values ('C1', '', 1, now() - interval '25 h')", "insert into pairing_codes values (sha256('c'), 'T9', 'T9', '', now() - interval '9 days', now() - interval '8 days', null)"} {
		_, err := app.DB.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	serve(t, app)
	require.Eventually(t, func() bool {
		var events, keys, people int
		err := app.DB.QueryRow(t.Context(), `select (select count(*) from outbox), (select count(*) from idempotency_keys),
			(select count(*) from pin_attempts) + (select count(*) from pairing_codes)`).Scan(&events, &keys, &people)
		return err == nil && events == 1 && keys == 0 && people == 0
	}, 10*time.Second, 10*time.Millisecond)
}
