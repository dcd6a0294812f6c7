package grpcapi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// While a batch is under way the store hears that HQ lives: with the watermark and
// the credit that it knows, and never behind the answer.
func TestHQSaysThatItLivesWhileItWorks(t *testing.T) {
	h := setup(t)
	h.livesEvery = 20 * time.Millisecond
	shop := shopOf("S1", 3)
	d := h.direct(t, shop)
	d.in <- wirepb.FromBatch(shop.Batch(1, 3))
	for d.hear().FirstID != 1 {
	}
	release := h.hold(t)
	d.in <- wirepb.FromBatch(shop.Batch(4, 6))
	for range 3 {
		require.Equal(t, said(&wire.Answer{Ack: watermark(3, shop.HashAt(3)), Credit: wire.FirstCredit}), d.hear())
	}
	release()
	for a := d.hear(); a.FirstID != 4; a = d.hear() {
		require.EqualValues(t, 3, a.ReceivedUpto)
	}
	d.in <- &wirepb.EventBatch{Ask: &wirepb.Ask{}}
	a := d.hear()
	require.EqualValues(t, 6, a.ReceivedUpto)
	require.Empty(t, d.out, "nothing was left over")
}

// An ask that waits for the database is work, too.
func TestHQSaysThatItLivesWhileItLooks(t *testing.T) {
	h := setup(t)
	h.livesEvery = 20 * time.Millisecond
	d := h.direct(t, shopOf("S1", 1))
	release := h.hold(t)
	d.in <- &wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: true, Head: 3}}
	d.hear()
	d.hear()
	release()
	require.Eventually(t, func() bool {
		return h.count(t, "select coalesce(max(claimed_head), 0) from store_streams where store_id = 'S1'") == 3
	}, patience, time.Millisecond)
}

// Before the welcome a sign of life says nothing, and gives no credit.
func TestHQSaysThatItLivesBeforeItWelcomes(t *testing.T) {
	h := setup(t)
	h.livesEvery = 20 * time.Millisecond
	release := h.hold(t)
	shop := shopOf("S1", 1)
	s := h.open(t, "Bearer "+h.tokens["S1"])
	s.say(wirepb.FromHello(hello(shop)))
	for range 3 {
		require.Equal(t, said(&wire.Answer{Ack: watermark(0, wire.Hash{})}), s.hear())
	}
	release()
	a := s.hear()
	for a.Welcome == nil {
		a = s.hear()
	}
	require.Equal(t, wire.FirstCredit, a.Credit)
	s.send(shop.All())
	for a = s.hear(); a.FirstID == 0; a = s.hear() {
		require.NotZero(t, a.Credit)
	}
	require.EqualValues(t, 3, a.ReceivedUpto)
}

// A stream that does nothing says nothing.
func TestAnIdleStreamIsSilent(t *testing.T) {
	h := setup(t)
	h.livesEvery = time.Millisecond
	shop := shopOf("S1", 1)
	d := h.direct(t, shop)
	require.Never(t, func() bool { return len(d.out) > 0 }, 20*time.Millisecond, time.Millisecond, "after its welcome")
	d.in <- wirepb.FromBatch(shop.All())
	for d.hear().FirstID == 0 {
	}
	require.Never(t, func() bool { return len(d.out) > 0 }, 20*time.Millisecond, time.Millisecond, "after its batch")
}

// slow is a stream that takes a sign only when it is let.
type slow struct {
	*direct

	taking chan struct{} // a sign is being sent
	let    chan struct{}
}

func (s *slow) Send(*wirepb.Acknowledgment) error {
	s.taking <- struct{}{}
	<-s.let
	return nil
}

// The work ends while a sign is on its way: it is the last one.
func TestNoSignOfLifeComesBehindTheAnswer(t *testing.T) {
	t.Parallel()
	for range 20 {
		rpc := &slow{taking: make(chan struct{}, 100), let: make(chan struct{})}
		c := &stream{server: &Server{livesEvery: time.Millisecond}, rpc: rpc}
		enough := c.lives()
		<-rpc.taking
		done := make(chan struct{})
		go func() { defer close(done); enough() }()
		for over := false; !over; {
			select {
			case rpc.let <- struct{}{}: // another one may have begun before the end
			case <-done:
				over = true
			}
		}
		for len(rpc.taking) > 0 {
			<-rpc.taking
		}
		require.Never(t, func() bool { return len(rpc.taking) > 0 }, 10*time.Millisecond, time.Millisecond)
	}
}

// said is what a store hears of an answer.
func said(a *wire.Answer) *wire.Answer {
	heard, _ := wirepb.Answer(wirepb.FromAnswer(a)) // it is one of ours
	return heard
}
