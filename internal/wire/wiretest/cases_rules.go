package wiretest

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// rules are the cases that speak to HQ themselves, without a relay.
func rules() []testCase {
	return []testCase{
		{"a batch twice has one effect", Features{Speaks: true}, aBatchTwice},
		{"an overlap is verified and only the rest is taken", Features{Speaks: true}, anOverlap},
		{"batches in the wrong order are a gap, and nothing of them is stored", Features{Speaks: true}, wrongOrder},
		{"every event alone, each three times, in a row", Features{Speaks: true}, oneByOne},
		{"an epoch that HQ did not issue", Features{Speaks: true}, otherEpochs},
		{"a box that was replaced is fenced", Features{Speaks: true}, fencedBox},
		{"another event under an id that HQ has", Features{Speaks: true}, forgedEvent},
		{"an old event_id under a new id", Features{Speaks: true}, reusedID},
		{"another store's batch", Features{Speaks: true}, anotherStore},
		{"a payload that was changed", Features{Speaks: true}, changedPayload},
		{"a batch that is none", Features{Speaks: true}, noBatch},
		{"a hello from an older log is a rewind", Features{Speaks: true, Streams: true}, helloBehind},
		{"a hello with another hash is a fork", Features{Speaks: true, Streams: true}, helloUnlike},
		{"nothing behind a refused batch is stored", Features{Speaks: true, Streams: true}, behindARefusal},
		{"batches on their way are answered in their order", Features{Speaks: true, Streams: true}, inOrder},
		{"an ask is answered behind the batches before it", Features{Speaks: true, Streams: true}, askBehind},
	}
}

// talker is a stream that a case holds itself.
type talker struct {
	w      *World
	ctx    context.Context
	stream Stream
	Opened *wire.Answer
}

// speak opens a stream as the store, with everything of its log; the relay rests.
func (w *World) speak() *talker {
	w.T.Helper()
	s, err := w.greet(helloOf(w.Log(), w.epoch()))
	require.NoError(w.T, err)
	return s
}

func (w *World) epoch() int64 {
	log := w.Log()
	return log[len(log)-1].Epoch
}

func (w *World) greet(hello *wire.Hello) (*talker, error) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.T.Context()), time.Minute)
	w.T.Cleanup(cancel)
	stream, answer, err := w.Dial(ctx, w.Log()[0].StoreID, hello)
	if err != nil {
		cancel()
		return nil, err
	}
	return &talker{w: w, ctx: ctx, stream: stream, Opened: answer}, nil
}

// send hands a batch over and waits for its answer.
func (s *talker) send(b *wire.Batch) (*wire.Answer, error) {
	s.w.T.Helper()
	require.NoError(s.w.T, s.stream.Send(s.ctx, b))
	return s.answer()
}

// answer is the next answer of a batch.
func (s *talker) answer() (*wire.Answer, error) {
	for {
		a, err := s.stream.Receive(s.ctx)
		if err != nil || a.FirstID != 0 {
			return a, err
		}
	}
}

// say sends a batch on a stream of its own and returns HQ's answer.
func (w *World) say(b *wire.Batch) (*wire.Answer, error) {
	w.T.Helper()
	s := w.speak()
	defer s.stream.Close()
	return s.send(b)
}

// codeNUL is the word of HQ's JSON reader, which meets a NUL before anybody asks
// what the batch says.
const codeNUL = "json_nul"

// refused demands that HQ refuses a batch with that code, and keeps nothing of it.
// It returns the refusal's details.
func (w *World) refused(code string, b *wire.Batch) map[string]any {
	w.T.Helper()
	before := w.Held()
	_, err := w.say(b)
	said := fault.CodeOf(err)
	if said == codeNUL {
		said = wire.CodeBatchInvalid
	}
	require.Equal(w.T, code, said, "%v", err)
	require.Equal(w.T, ids(before), ids(w.Held()), "nothing of it is stored")
	return fault.As(err).Details
}

// ids names events for a comparison that can be read.
func ids(events []wire.Event) []string {
	names := make([]string, len(events))
	for i := range events {
		names[i] = fmt.Sprintf("%d %s %s", events[i].ID, events[i].EventID, events[i].Hash)
	}
	return names
}

// unsent stops the relay and sells: what comes back is what HQ has and what it
// has not.
func (w *World) unsent(n int) (log []wire.Event, upto int64) {
	w.T.Helper()
	if w.StopRelay != nil {
		w.StopRelay()
	}
	w.Sell(n)
	log, upto = w.Log(), int64(len(w.Held()))
	require.GreaterOrEqual(w.T, upto, int64(3), "HQ has something")
	require.GreaterOrEqual(w.T, int64(len(log)), upto+int64(n))
	return log, upto
}

// finished is the end of a case that spoke for itself: HQ has the store's log so far.
func (w *World) finished() {
	w.T.Helper()
	w.Proven()
	if w.StartRelay != nil {
		w.StartRelay()
		w.calm()
	}
}

func aBatchTwice(w *World) {
	log, upto := w.unsent(3)
	b := batchOf(log, w.epoch(), upto+1, int64(len(log)))
	first, err := w.say(b)
	require.NoError(w.T, err)
	require.Equal(w.T, len(b.Events), first.Accepted)
	for range 3 {
		again, err := w.say(b)
		require.NoError(w.T, err)
		require.Zero(w.T, again.Accepted)
		require.Equal(w.T, len(b.Events), again.Duplicates)
		require.Equal(w.T, first.ReceivedUpto, again.ReceivedUpto)
		require.Equal(w.T, first.ChainHash, again.ChainHash)
	}
	w.finished()
}

func anOverlap(w *World) {
	log, upto := w.unsent(4)
	head := int64(len(log))
	a, err := w.say(batchOf(log, w.epoch(), upto-1, upto+2))
	require.NoError(w.T, err)
	require.Equal(w.T, []int{2, 2}, []int{a.Accepted, a.Duplicates})
	require.Equal(w.T, upto+2, a.ReceivedUpto)
	a, err = w.say(batchOf(log, w.epoch(), 1, head))
	require.NoError(w.T, err)
	require.Equal(w.T, []int64{head - upto - 2, upto + 2}, []int64{int64(a.Accepted), int64(a.Duplicates)})
	w.finished()
}

func wrongOrder(w *World) {
	log, upto := w.unsent(6)
	for first := int64(len(log)); first > upto+1; first-- {
		details := w.refused(wire.CodeGap, batchOf(log, w.epoch(), first, int64(len(log))))
		require.Equal(w.T, fmt.Sprint(upto+1), fmt.Sprint(details["expected_id"]), "HQ says where to go on")
	}
	a, err := w.say(batchOf(log, w.epoch(), upto+1, int64(len(log))))
	require.NoError(w.T, err)
	require.Equal(w.T, int64(len(log)), a.ReceivedUpto)
	w.finished()
}

func oneByOne(w *World) {
	log, upto := w.unsent(4)
	s := w.speak()
	defer s.stream.Close()
	for id := upto + 1; id <= int64(len(log)); id++ {
		for try := range 3 {
			a, err := s.send(batchOf(log, w.epoch(), id, id))
			require.NoError(w.T, err)
			require.Equal(w.T, []int{1 - min(1, try), min(1, try)}, []int{a.Accepted, a.Duplicates}, "event %d, time %d", id, try)
		}
	}
	w.finished()
}

func otherEpochs(w *World) {
	log, upto := w.unsent(1)
	for _, epoch := range []int64{w.epoch() + 1, w.epoch() + 100} {
		s, err := w.greet(helloOf(log, epoch))
		if err == nil { // over HTTP the batch is the first that tells
			_, err = s.send(batchOf(log, epoch, upto+1, int64(len(log))))
			s.stream.Close()
		}
		require.Equal(w.T, wire.CodeFenced, fault.CodeOf(err), "%v", err)
		w.refused(wire.CodeFenced, batchOf(log, epoch, upto+1, int64(len(log))))
	}
	require.Len(w.T, w.Held(), int(upto))
	w.finished()
}

func fencedBox(w *World) {
	log, upto := w.unsent(2)
	old := w.epoch()
	s := w.speak() // it was there before
	defer s.stream.Close()
	w.NextEpoch()
	_, err := s.send(batchOf(log, old, upto+1, int64(len(log))))
	require.Equal(w.T, wire.CodeFenced, fault.CodeOf(err), "%v", err)
	late, err := w.greet(helloOf(log, old))
	if err == nil {
		_, err = late.send(batchOf(log, old, upto+1, int64(len(log))))
		late.stream.Close()
	}
	require.Equal(w.T, wire.CodeFenced, fault.CodeOf(err), "%v", err)
	heir, err := w.greet(helloOf(log, old+1)) // the new box, with the old one's log
	require.NoError(w.T, err)
	defer heir.stream.Close()
	a, err := heir.send(batchOf(log, old+1, upto+1, int64(len(log))))
	require.NoError(w.T, err, "events keep the epoch in which they were written")
	require.Equal(w.T, int64(len(log)), a.ReceivedUpto)
	w.Proven()
}

func forgedEvent(w *World) {
	log, upto := w.unsent(2)
	for _, at := range []int64{1, upto/2 + 1, upto} {
		b := batchOf(log, w.epoch(), at, int64(len(log)))
		prev := b.PrevHash
		b.Events[0].CashierID = "C9"
		for i := range b.Events { // whoever forges rehashes
			b.Events[i].Hash = b.Events[i].Chain(prev)
			prev = b.Events[i].Hash
		}
		w.refused(wire.CodeFork, b)
	}
	b := batchOf(log, w.epoch(), upto+1, upto+1)
	b.PrevHash[3] ^= 8
	b.Events[0].Hash = b.Events[0].Chain(b.PrevHash)
	w.refused(wire.CodeFork, b)
	w.finished()
}

func reusedID(w *World) {
	log, upto := w.unsent(1)
	b := batchOf(log, w.epoch(), upto+1, upto+1)
	b.Events[0].EventID = log[0].EventID
	b.Events[0].Hash = b.Events[0].Chain(b.PrevHash)
	w.refused(wire.CodeEventIDReused, b)
	w.finished()
}

func anotherStore(w *World) {
	log, upto := w.unsent(1)
	b := batchOf(log, w.epoch(), upto+1, upto+1)
	b.StoreID, b.Events[0].StoreID = "S2", "S2"
	b.Events[0].Hash = b.Events[0].Chain(b.PrevHash)
	w.refused(wire.CodeStoreForbidden, b)
	w.finished()
}

func changedPayload(w *World) {
	log, upto := w.unsent(3)
	for i := range 3 {
		b := batchOf(log, w.epoch(), upto+1, upto+3)
		b.Events[i].Payload += " "
		details := w.refused(wire.CodeHashMismatch, b)
		require.Equal(w.T, fmt.Sprint(upto+1+int64(i)), fmt.Sprint(details["at_id"]), "the first one is named")
	}
	w.finished()
}

func noBatch(w *World) {
	log, upto := w.unsent(2)
	for name, spoil := range map[string]func(*wire.Batch){
		"ids with a hole":      func(b *wire.Batch) { b.Events[1].ID++ },
		"an id twice":          func(b *wire.Batch) { b.Events[1].ID-- },
		"first_id is wrong":    func(b *wire.Batch) { b.FirstID++ },
		"an event of later":    func(b *wire.Batch) { b.Events[0].Epoch = b.Epoch + 1 },
		"no type":              func(b *wire.Batch) { b.Events[0].Type = "" },
		"a day that is none":   func(b *wire.Batch) { b.Events[1].BusinessDate = "2026-02-30" },
		"a payload with a NUL": func(b *wire.Batch) { b.Events[0].Payload = "\"\x00\"" },
	} {
		w.T.Log(name)
		b := batchOf(log, w.epoch(), upto+1, upto+2)
		spoil(b)
		w.refused(wire.CodeBatchInvalid, b)
	}
	w.finished()
}

func helloBehind(w *World) {
	_, upto := w.unsent(1)
	held := w.Held()
	for _, head := range []int64{upto - 1, 1, 0} {
		_, err := w.greet(helloOf(held[:head], w.epoch()))
		require.Equal(w.T, wire.CodeRewind, fault.CodeOf(err), "%v", err)
		require.Equal(w.T, fmt.Sprint(upto), fmt.Sprint(fault.As(err).Details["received_upto"]))
	}
	w.finished()
}

func helloUnlike(w *World) {
	_, upto := w.unsent(1)
	held := w.Held()
	for _, head := range []int64{upto, upto - 1} {
		hello := helloOf(held[:head], w.epoch())
		hello.HeadHash[0] ^= 1
		_, err := w.greet(hello)
		require.Equal(w.T, wire.CodeFork, fault.CodeOf(err), "%v", err)
	}
	w.finished()
}

func behindARefusal(w *World) {
	log, upto := w.unsent(3)
	s := w.speak()
	defer s.stream.Close()
	good, bad := batchOf(log, w.epoch(), upto+1, upto+1), batchOf(log, w.epoch(), upto+3, upto+3)
	require.NoError(w.T, s.stream.Send(s.ctx, bad))
	_ = s.stream.Send(s.ctx, good) // the stream may be over already
	_, err := s.answer()
	require.Equal(w.T, wire.CodeGap, fault.CodeOf(err), "%v", err)
	require.Len(w.T, w.Held(), int(upto), "what came behind the refused batch is not stored")
	s = w.speak()
	defer s.stream.Close()
	require.NoError(w.T, s.stream.Send(s.ctx, good))
	require.NoError(w.T, s.stream.Send(s.ctx, bad))
	a, err := s.answer()
	require.NoError(w.T, err, "what came before the refused batch is stored and answered")
	require.Equal(w.T, upto+1, a.ReceivedUpto)
	_, err = s.answer()
	require.Equal(w.T, wire.CodeGap, fault.CodeOf(err), "%v", err)
	require.Len(w.T, w.Held(), int(upto)+1)
	w.finished()
}

func inOrder(w *World) {
	log, upto := w.unsent(12)
	s := w.speak()
	defer s.stream.Close()
	require.Equal(w.T, wire.FirstCredit, s.Opened.Credit)
	require.Equal(w.T, upto, s.Opened.ReceivedUpto)
	require.NotNil(w.T, s.Opened.Welcome)
	credit, sent, answered := s.Opened.Credit, upto, upto
	for answered < upto+12 {
		for sent < upto+12 && int(sent-answered) < credit {
			sent++
			require.NoError(w.T, s.stream.Send(s.ctx, batchOf(log, w.epoch(), sent, sent)))
		}
		a, err := s.answer()
		require.NoError(w.T, err)
		answered++
		require.Equal(w.T, []int64{answered, answered}, []int64{a.FirstID, a.ReceivedUpto})
		require.Equal(w.T, log[answered-1].Hash, a.ChainHash)
		require.Positive(w.T, a.Credit)
		require.LessOrEqual(w.T, a.Credit, wire.MostCredit)
		credit = a.Credit
	}
	w.finished()
}

func askBehind(w *World) {
	log, upto := w.unsent(2)
	s := w.speak()
	defer s.stream.Close()
	require.NoError(w.T, s.stream.Send(s.ctx, batchOf(log, w.epoch(), upto+1, upto+1)))
	require.NoError(w.T, s.stream.Ask(s.ctx, int64(len(log)), true))
	require.NoError(w.T, s.stream.Send(s.ctx, batchOf(log, w.epoch(), upto+2, upto+2)))
	for _, want := range [][2]int64{{upto + 1, upto + 1}, {0, upto + 1}, {upto + 2, upto + 2}} {
		a, err := s.stream.Receive(s.ctx)
		require.NoError(w.T, err)
		require.Equal(w.T, want, [2]int64{a.FirstID, a.ReceivedUpto})
	}
	w.finished()
}
