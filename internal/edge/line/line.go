package line

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"tiem/internal/fault"
)

// Config tunes a Line; zero values take the defaults in brackets.
type Config struct {
	Interval time.Duration    // HEALTH_INTERVAL: between two probes [1 s]
	Failures int              // HEALTH_FAILURES: in a row that make OFFLINE [3]
	Beat     time.Duration    // between two heartbeats [15 s]
	Now      func() time.Time // the shop's clock [time.Now]
	Log      *slog.Logger     // [none]
}

func (c Config) withDefaults() Config {
	c.Interval = cmp.Or(c.Interval, time.Second)
	c.Failures = cmp.Or(c.Failures, 3)
	c.Beat = cmp.Or(c.Beat, 15*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Health is what the last probes found.
type Health struct {
	LastProbeAt   time.Time // zero: there was none
	LastErrorCode string    // of the last failure that was heard; "" since the line is good
	Failures      int       // in a row
}

// Status is what is known of the line.
type Status struct {
	Online      bool
	Since       time.Time // of Online or not
	HQLastOK    time.Time // when HQ last answered well; zero: never
	Health      Health
	ClockOffset *time.Duration // this machine's clock minus HQ's; nil: not known
}

// Line is the line to one HQ. Make it with New. It is safe for concurrent use,
// and no method but Watch and Pulse waits for anything.
type Line struct {
	cfg Config
	log *slog.Logger

	mu       sync.Mutex
	judge    *Judge
	status   Status
	clock    offset
	skewed   bool // the log has said that the clocks differ
	watchers []chan struct{}
}

// New returns a line that is OFFLINE until something good is heard.
func New(cfg Config) *Line {
	cfg = cfg.withDefaults()
	return &Line{cfg: cfg, log: cfg.Log, judge: NewJudge(cfg.Failures, cfg.Interval), status: Status{Since: cfg.Now()}}
}

// Status returns the present status.
func (l *Line) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Online is Status().Online.
func (l *Line) Online() bool { return l.Status().Online }

// Changes returns a channel that holds one token after the line has changed.
// Changes that nobody has taken yet are one token: ask Status what is true now.
func (l *Line) Changes() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens := make(chan struct{}, 1)
	l.watchers = append(l.watchers, tokens)
	return tokens
}

// Good hears that HQ has answered as it should.
func (l *Line) Good() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	l.status.HQLastOK = now
	l.hear(l.judge.Good(now), now, "")
}

// Failed hears that HQ was not reached, or did not answer as it should.
func (l *Line) Failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	l.hear(l.judge.Failed(now), now, cmp.Or(fault.CodeOf(err), "hq_unreachable"))
}

// probed hears the outcome of a probe.
func (l *Line) probed(err error) {
	l.mu.Lock()
	l.status.Health.LastProbeAt = l.cfg.Now()
	l.mu.Unlock()
	if err != nil {
		l.Failed(err)
		return
	}
	l.Good()
}

// hear records what the judge made of the news, and tells those who watch. The
// caller has the lock.
func (l *Line) hear(changed bool, now time.Time, code string) {
	l.status.Health.Failures, l.status.Health.LastErrorCode = l.judge.Failures(), code
	if !changed {
		return
	}
	l.status.Online, l.status.Since = l.judge.Online(), now
	if l.status.Online {
		l.log.Info("line: ONLINE, HQ answers")
	} else {
		l.log.Warn("line: OFFLINE, HQ cannot be reached; sales go on", "code", code)
	}
	for _, tokens := range l.watchers {
		select {
		case tokens <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// skewLimit is how far the clocks may differ before the log says so.
const skewLimit = 2 * time.Second

// compared hears a comparison of the clocks.
func (l *Line) compared(s sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock.add(s)
	best, _ := l.clock.best()
	l.status.ClockOffset = &best.offset
	skewed := best.offset.Abs() > skewLimit
	switch {
	case skewed && !l.skewed:
		l.log.Warn("line: this machine's clock and HQ's differ; nothing is ordered by time, but receipts and business dates go by this one",
			"clock_offset_ms", best.offset.Milliseconds(), "hint", "let the machine keep its clock by NTP")
	case !skewed && l.skewed:
		l.log.Info("line: this machine's clock and HQ's agree again", "clock_offset_ms", best.offset.Milliseconds())
	}
	l.skewed = skewed
}

// rest waits for d, or for a token.
func rest(ctx context.Context, d time.Duration, tokens <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-tokens:
	case <-timer.C:
	case <-ctx.Done():
	}
}
