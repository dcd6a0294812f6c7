package wiretest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// reference is a relay of the fewest lines that keep the protocol: a window, no
// handoff, no adaptive limit. It is the suite's own; the real one is tested in
// internal/edge/uplink.
type reference struct {
	journal *Journal
	ways    []*Way
	random  *rand.Rand
	hint    chan struct{}

	mu    sync.Mutex
	alarm string
	aside []wire.EventError // by HQ, as it said; not noted yet
}

func referencePlug(journal *Journal, ways []*Way, random *rand.Rand) Relay {
	r := &reference{journal: journal, ways: ways, random: random, hint: make(chan struct{}, 1)}
	journal.OnCommit(func([]wire.Event) {
		select {
		case r.hint <- struct{}{}:
		default:
		}
	})
	return r
}

func (r *reference) Alarm() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alarm
}

func (r *reference) raise(code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alarm = code
}

// note keeps what HQ says that it has set aside, whatever becomes of the stream.
func (r *reference) note(aside []wire.EventError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.aside = append(r.aside, aside...)
}

func (r *reference) mark(ctx context.Context, upto int64) error {
	r.mu.Lock()
	aside := r.aside
	r.mu.Unlock()
	if err := r.journal.Mark(ctx, upto, aside); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.aside = r.aside[len(aside):]
	return nil
}

var errDrained = errors.New("HQ wants the stream to go")

// Drive converses until ctx is done; after three failures in a row it takes the
// other way for a while.
func (r *reference) Drive(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		way := r.ways[failures/3%len(r.ways)]
		err := r.converse(ctx, way)
		switch {
		case errors.Is(err, errDrained):
			failures = 0
		case fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Timeout:
			failures++
		case fault.CodeOf(err) == wire.CodeGap || fault.CodeOf(err) == wire.CodeRewind || fault.CodeOf(err) == "credit_exceeded":
			failures++
		case fault.CodeOf(err) == wire.CodeHashMismatch && r.random.IntN(2) == 0:
			failures++
		default:
			r.raise(fault.CodeOf(err))
		}
		r.sleep(ctx, time.Duration(r.random.Int64N(int64(min(30*time.Second, 200*time.Millisecond<<min(failures, 10))))))
	}
}

func (r *reference) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// talk is a conversation's state.
type talk struct {
	stream  Stream
	cursor  int64 // behind which the next batch begins
	hash    wire.Hash
	unacked []*wire.Batch
	credit  int
	quiet   time.Time
	drain   bool
	asked   bool
	heardAt time.Time
	backAt  time.Time // to the first way; zero: it is this one
}

func (r *reference) converse(ctx context.Context, way *Way) error {
	hello, err := r.journal.Head(ctx)
	if err != nil {
		return err
	}
	stream, welcome, err := way.Open(ctx, &hello)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := r.ours(ctx, welcome); err != nil {
		return err
	}
	t := &talk{stream: stream, cursor: welcome.ReceivedUpto, hash: welcome.ChainHash, credit: welcome.Credit, heardAt: time.Now(),
		quiet: time.Now().Add(time.Duration(welcome.RetryAfterMS) * time.Millisecond)}
	if way != r.ways[0] {
		t.backAt = time.Now().Add(30 * time.Second)
	}
	if err := r.mark(ctx, t.cursor); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	answers, ended := make(chan *wire.Answer, 64), make(chan error, 1)
	reading.Go(func() {
		for {
			a, err := stream.Receive(ctx)
			if err != nil {
				ended <- err
				return
			}
			r.note(a.Errors)
			select {
			case answers <- a:
			case <-ctx.Done():
				ended <- ctx.Err()
				return
			}
		}
	})
	return r.loop(ctx, t, answers, ended)
}

func (r *reference) loop(ctx context.Context, t *talk, answers <-chan *wire.Answer, ended <-chan error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case a := <-answers: // first: what HQ said governs
			if err := r.heard(ctx, t, a); err != nil {
				return err
			}
			continue
		default:
		}
		if t.drain && len(t.unacked) == 0 {
			return errDrained
		}
		sent, err := r.send(ctx, t)
		if err != nil {
			return err
		}
		if sent {
			continue
		}
		select {
		case a := <-answers:
			if err := r.heard(ctx, t, a); err != nil {
				return err
			}
		case err := <-ended:
			for len(answers) > 0 {
				if err := r.heard(ctx, t, <-answers); err != nil {
					return err
				}
			}
			return err
		case <-tick.C:
			t.drain = t.drain || !t.backAt.IsZero() && time.Now().After(t.backAt)
			if time.Since(t.heardAt) > timeout && (len(t.unacked) > 0 || t.asked) {
				return fault.New(fault.Timeout, "hq_unreachable", "no answer in time")
			}
			if time.Since(t.heardAt) > 15*time.Second && !t.asked {
				t.asked, t.heardAt = true, time.Now()
				if err := t.stream.Ask(ctx, t.cursor, true); err != nil {
					return err
				}
			}
		case <-r.hint:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send sends a batch if one may be sent and there is one.
func (r *reference) send(ctx context.Context, t *talk) (bool, error) {
	if t.drain || len(t.unacked) >= t.credit || time.Now().Before(t.quiet) {
		return false, nil
	}
	events, err := r.journal.Read(ctx, t.cursor, 50, 1<<20)
	if err != nil {
		return false, err
	}
	if len(events) == 0 {
		r.raise("") // HQ has everything
		return false, nil
	}
	hello, err := r.journal.Head(ctx)
	if err != nil {
		return false, err
	}
	b := &wire.Batch{StoreID: hello.StoreID, Epoch: hello.Epoch, FirstID: t.cursor + 1, PrevHash: t.hash, Events: events}
	if len(t.unacked) == 0 {
		t.heardAt = time.Now()
	}
	t.unacked = append(t.unacked, b)
	t.cursor, t.hash = b.LastID(), events[len(events)-1].Hash
	return true, t.stream.Send(ctx, b)
}

func (r *reference) heard(ctx context.Context, t *talk, a *wire.Answer) error {
	t.heardAt, t.asked = time.Now(), false
	t.credit, t.drain = a.Credit, t.drain || a.Drain
	if a.RetryAfterMS > 0 {
		t.quiet = time.Now().Add(time.Duration(a.RetryAfterMS) * time.Millisecond)
	}
	if a.FirstID == 0 {
		if len(t.unacked) == 0 && a.ReceivedUpto < t.cursor { // it fell back
			return fault.New(fault.Unavailable, "fell_back", "HQ fell back")
		}
		return nil
	}
	if len(t.unacked) == 0 || t.unacked[0].FirstID != a.FirstID || a.ReceivedUpto < t.unacked[0].LastID() {
		return fault.New(fault.Unavailable, "answer_unexpected", "that is no answer to what was sent")
	}
	t.unacked = t.unacked[1:]
	if err := r.ours(ctx, a); err != nil {
		return err
	}
	r.raise("")
	return r.mark(ctx, a.ReceivedUpto)
}

// ours makes sure that HQ's watermark is a point of our log.
func (r *reference) ours(ctx context.Context, a *wire.Answer) error {
	if a.ReceivedUpto == 0 {
		return nil
	}
	hash, found, err := r.journal.HashOf(ctx, a.ReceivedUpto)
	switch {
	case err != nil:
		return err
	case !found:
		return fault.New(fault.Conflict, "hq_ahead", "HQ has more than we ever wrote")
	case hash != a.ChainHash:
		return fault.New(fault.Conflict, wire.CodeFork, "HQ's hash is not ours")
	}
	return nil
}
