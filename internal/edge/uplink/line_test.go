package uplink

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/line"
	"tiem/internal/fault"
	"tiem/internal/wire"
)

func TestLineDownThenUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.relay(fast)
	s.sell(1, 10)
	s.drained(1)
	s.sell(1, 10)
	s.drained(2)
	s.eventually("ONLINE", r.line.Online)
	s.hq.change(func() { s.hq.refuse = func(*wire.Batch) error { return errLine } })
	s.sell(5, 10)
	s.eventually("OFFLINE", func() bool { return !r.line.Online() && r.line.Status().Health.Failures >= 3 })
	s.eventually("attempts are counted on the rows", func() bool { return s.entries()[2].PublishAttempts >= 3 })
	e := s.entries()[2]
	require.Nil(t, e.PublishedAt)
	require.Contains(t, *e.LastError, "the cable is out")
	s.hq.change(func() { s.hq.refuse = nil })
	s.drained(7)
	s.eventually("it is heard", func() bool { return r.line.Status().Health == line.Health{} })
	require.Nil(t, s.entries()[2].LastError, "a success clears the error")
}

// When the line comes back, nothing is left of a pause that was drawn while it was
// down, and the pauses begin anew.
func TestALineThatIsBackEndsThePause(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cfg := fast
	cfg.RetryMin, cfg.RetryMax, cfg.Line = 1000*time.Hour, 1000*time.Hour, line.New(line.Config{})
	s.hq.refuse = func(*wire.Batch) error { return errLine }
	s.sell(1, 10)
	s.relay(cfg)
	sent := func() int { s.hq.mu.Lock(); defer s.hq.mu.Unlock(); return len(s.hq.sizes) }
	s.eventually("it has failed", func() bool { return sent() == 1 && cfg.Line.Status().Health.Failures == 1 })
	cfg.Line.Good()
	cfg.Line.Good()
	s.eventually("it has tried again at once", func() bool { return sent() == 2 && cfg.Line.Status().Health.Failures == 1 })
	cfg.Line.Failed(errLine)
	cfg.Line.Failed(errLine)
	require.False(t, cfg.Line.Online())
	s.hq.change(func() { s.hq.refuse = nil })
	cfg.Line.Good()
	cfg.Line.Good()
	s.drained(1)
}

// Pauses grow with the failures; those of a line that was down do not count any
// more. A line that goes down ends no pause.
func TestALineThatIsBackIsTriedFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line.New(line.Config{})
		r := &Relay{line: l, turn: l.Changes(), detour: &detour{}}
		rests := func() (attempts int, took time.Duration) {
			at, began := &pace{attempts: 20}, time.Now()
			r.wait(t.Context(), at, time.Hour)
			return at.attempts, time.Since(began)
		}
		l.Good()
		l.Good()
		attempts, took := rests()
		require.Equal(t, 1, attempts)
		require.Zero(t, took)
		for range 3 {
			l.Failed(errLine)
		}
		attempts, took = rests()
		require.Equal(t, 20, attempts)
		require.Equal(t, time.Hour, took)
	})
}

// A line that is up but too slow for a whole batch within SYNC_TIMEOUT drains all
// the same, in smaller ones.
func TestSlowLineDrains(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.hq.refuse = func(b *wire.Batch) error {
		if len(b.Events) > 10 {
			return fault.New(fault.Unavailable, "hq_unreachable", "too slow")
		}
		return nil
	}
	s.sell(60, 10)
	s.relay(fast)
	s.drained(60)
}

// On a line where ten events take half of what an exchange may, twenty are not
// tried again and again.
func TestASlowLineIsNotTriedWithMoreThanItCarries(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const timeout = 200 * time.Millisecond
	s.hq.refuse = func(b *wire.Batch) error {
		takes := time.Duration(len(b.Events)) * timeout / 15
		time.Sleep(min(takes, timeout))
		if takes > timeout {
			return fault.New(fault.Unavailable, "hq_unreachable", "too slow")
		}
		return nil
	}
	s.sell(120, 10)
	cfg := fast
	cfg.Timeout = timeout
	r := s.relay(cfg)
	s.drained(120)
	failed := testutil.ToFloat64(r.batches.WithLabelValues("failed"))
	require.LessOrEqual(t, failed, 5.0, "only until the size is found: %v", s.hq.sizes)
}

// The store's own database is away: that is no news about the line.
func TestOwnDatabaseIsNotTheLine(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := New(NewJournal(s.db), s.log, Ways{First: s.hq}, fast, slog.New(slog.DiscardHandler)) // not run: nobody else changes its status
	at := &pace{attempts: 1}
	r.backOff(t.Context(), at, s.hq, own(errLine))
	require.Zero(t, r.line.Status().Health.Failures)
	r.backOff(t.Context(), at, s.hq, errLine)
	require.Equal(t, 1, r.line.Status().Health.Failures)
}

func TestWhoAsksIsToldOfChanges(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := New(NewJournal(s.db), s.log, Ways{First: s.hq}, fast, slog.New(slog.DiscardHandler)) // not run
	told := 0
	r.OnChange(func() { told++ })
	for i, change := range []func(){
		func() { r.reached(3) }, func() { r.alarm(errLine) }, func() { r.mended() }, func() { r.alarm(errAnotherRelay) }, func() { r.alarm(errLine) },
	} {
		change()
		require.Equal(t, i+1, told)
	}
	r.alarm(errLine)
	r.reached(3)
	require.Equal(t, 5, told, "these were no changes")
}
