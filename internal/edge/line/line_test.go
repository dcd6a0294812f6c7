package line

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// farEnd is an HQ that answers as it is told. In a synctest bubble its time is
// the bubble's.
type farEnd struct {
	mu    sync.Mutex
	ready error
	hangs bool        // it takes what it is sent, and says nothing
	asked []time.Time // when it was probed
	beats []wire.Heartbeat
	ahead time.Duration // its clock before ours
	slow  time.Duration // a round trip
	beat  error
}

func (f *farEnd) Ready(ctx context.Context) error {
	f.mu.Lock()
	f.asked = append(f.asked, time.Now())
	err, hangs := f.ready, f.hangs
	f.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (f *farEnd) Heartbeat(_ context.Context, beat wire.Heartbeat) (wire.HeartbeatAnswer, error) {
	f.mu.Lock()
	f.beats = append(f.beats, beat)
	ahead, slow, err := f.ahead, f.slow, f.beat
	f.mu.Unlock() // a bubble's time stands still while somebody waits for a mutex
	time.Sleep(slow / 2)
	now := time.Now().Add(ahead)
	time.Sleep(slow / 2)
	return wire.HeartbeatAnswer{Now: now}, err
}

func (f *farEnd) is(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// running starts f in the bubble and ends it with the test.
func running(t *testing.T, f func(ctx context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestWatchFindsTheLineUpAndDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hq, l := &farEnd{}, New(Config{})
		start := time.Now()
		require.Equal(t, Status{Since: start}, l.Status())
		running(t, func(ctx context.Context) { l.Watch(ctx, hq) })
		synctest.Wait()
		require.Equal(t, start, l.Status().Health.LastProbeAt, "the first probe is at once")
		require.False(t, l.Online(), "once is not enough")
		pass(1200 * time.Millisecond)
		require.True(t, l.Online())
		require.Equal(t, l.Status().Since, l.Status().HQLastOK)

		hq.is(func() { hq.ready = fault.New(fault.Unavailable, "disk_almost_full", "no") })
		pass(2300 * time.Millisecond) // at most two probes, or it was three at their quickest
		require.Equal(t, "disk_almost_full", l.Status().Health.LastErrorCode)
		pass(1300 * time.Millisecond)
		require.False(t, l.Online())
		require.GreaterOrEqual(t, l.Status().Health.Failures, 3)

		hq.is(func() { hq.ready = nil })
		pass(3 * time.Second)
		s := l.Status()
		require.True(t, s.Online)
		require.Empty(t, s.Health.LastErrorCode)
		require.Zero(t, s.Health.Failures)
	})
}

// Row 33: the line takes what it is given, and nothing comes back.
func TestWatchFindsAHalfOpenLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hq, l := &farEnd{}, New(Config{})
		running(t, func(ctx context.Context) { l.Watch(ctx, hq) })
		pass(5 * time.Second)
		require.True(t, l.Online())
		hq.is(func() { hq.hangs = true })
		pass(10 * time.Second)
		require.False(t, l.Online())
		require.Equal(t, "hq_silent", l.Status().Health.LastErrorCode)
	})
}

// Row 34: however the line flaps, the probes keep their pace and the judgement
// does not follow every turn.
func TestWatchOnAFlappingLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hq, l := &farEnd{}, New(Config{})
		changes := l.Changes()
		running(t, func(ctx context.Context) { l.Watch(ctx, hq) })
		turned := 0
		for range 60 { // ten minutes: five seconds up, five down
			for _, state := range []error{nil, errors.New("down")} {
				hq.is(func() { hq.ready = state })
				for range 50 {
					pass(100 * time.Millisecond)
					select {
					case <-changes:
						turned++
					default:
					}
				}
			}
		}
		require.LessOrEqual(t, len(hq.asked), 600*5/4+1, "one probe in 0.8 seconds at most")
		require.Greater(t, len(hq.asked), 600*5/6-1)
		require.Less(t, turned, 50, "of 120 turns")
		hq.is(func() { hq.ready = nil })
		pass(20 * time.Second)
		require.True(t, l.Online())
		gaps := map[time.Duration]bool{}
		for i := 1; i < len(hq.asked); i++ {
			gaps[hq.asked[i].Sub(hq.asked[i-1])] = true
		}
		require.Greater(t, len(gaps), 100, "stores must not ask in step")
	})
}

// A watch that is ended in the middle of a probe has learned nothing.
func TestTheEndOfAWatchIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hq, l := &farEnd{hangs: true}, New(Config{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Watch(ctx, hq) }()
		pass(time.Second)
		stop()
		<-done
		require.Equal(t, Health{}, l.Status().Health)
	})
}

func TestWhatTheRelayHearsCounts(t *testing.T) {
	t.Parallel()
	l := New(Config{})
	changes := l.Changes()
	l.Good()
	require.Empty(t, changes)
	l.Good()
	require.True(t, l.Online())
	require.Len(t, changes, 1)
	for range 3 {
		l.Failed(errors.New("no fault"))
	}
	require.False(t, l.Online())
	require.Len(t, changes, 1, "two changes that nobody took are one token")
	require.Equal(t, "hq_unreachable", l.Status().Health.LastErrorCode)
	require.True(t, l.Status().Health.LastProbeAt.IsZero(), "nobody has probed")
}

func pulsing(t *testing.T, l *Line, hq *farEnd, head func(context.Context) (int64, error)) {
	t.Helper()
	running(t, func(ctx context.Context) { l.Pulse(ctx, hq, head) })
	synctest.Wait()
}

func seventeen(context.Context) (int64, error) { return 17, nil }

func TestPulseTellsHQWhileOnline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		hq := &farEnd{ahead: 3 * time.Second, slow: 200 * time.Millisecond}
		l := New(Config{Log: slog.New(slog.NewTextHandler(&text, nil))})
		pulsing(t, l, hq, seventeen)
		pass(time.Hour)
		require.Empty(t, hq.beats, "OFFLINE nobody is told")
		require.Nil(t, l.Status().ClockOffset)
		l.Good()
		l.Good()
		pass(time.Second)
		require.Len(t, hq.beats, 1, "the first at once")
		require.Equal(t, int64(17), hq.beats[0].Head)
		require.Nil(t, hq.beats[0].ClockOffsetMS)
		require.Equal(t, -3*time.Second, *l.Status().ClockOffset)
		pass(10 * time.Minute)
		require.InDelta(t, 41, len(hq.beats), 10)
		require.Equal(t, int64(-3000), *hq.beats[1].ClockOffsetMS)
		require.Equal(t, 1, bytes.Count(text.Bytes(), []byte("clock and HQ's differ")), "once: %s", &text)
		hq.is(func() { hq.ahead = time.Second })
		pass(time.Minute)
		require.Equal(t, 1, bytes.Count(text.Bytes(), []byte("agree again")))
		hq.is(func() { hq.ahead = -365 * 24 * time.Hour })
		pass(time.Minute)
		require.Equal(t, 365*24*time.Hour, *l.Status().ClockOffset)
		require.Equal(t, 2, bytes.Count(text.Bytes(), []byte("clock and HQ's differ")))
	})
}

// An HQ of an older version has no such call. That is no failure of the line.
func TestPulseLeavesAnOlderHQInPeace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hq, l := &farEnd{beat: fault.New(fault.NotFound, "not_found", "no such route")}, New(Config{})
		l.Good()
		l.Good()
		pulsing(t, l, hq, seventeen)
		pass(time.Hour)
		require.InDelta(t, 5, len(hq.beats), 1)
		require.True(t, l.Online())
		require.Zero(t, l.Status().Health)
		require.Nil(t, l.Status().ClockOffset)
		hq.is(func() { hq.beat = nil })
		for range 3 { // it is replaced by a newer one
			l.Failed(errors.New("away"))
		}
		l.Good()
		l.Good()
		pass(time.Second)
		require.NotNil(t, l.Status().ClockOffset, "and is told at once")
	})
}

func TestPulseSaysNothingThatItDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hq, l := &farEnd{}, New(Config{})
		l.Good()
		l.Good()
		pulsing(t, l, hq, func(context.Context) (int64, error) { return 0, errors.New("the database is away") })
		pass(time.Minute)
		require.Empty(t, hq.beats)
		require.True(t, l.Online())
	})
}
