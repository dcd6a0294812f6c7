package uplink

import (
	"context"
	"sync"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// HTTPWay is the way over HTTP: a conversation is a run of requests, one at a
// time, so HQ's credit is 1 as long as it lasts.
type HTTPWay struct{ link *HTTPLink }

// NewHTTPWay returns a way over link, which stays the caller's.
func NewHTTPWay(link *HTTPLink) *HTTPWay { return &HTTPWay{link: link} }

// Protocol implements Way.
func (w *HTTPWay) Protocol() string { return wire.HTTP }

// Open implements Way. HQ hears no hello over HTTP: the watermark in its welcome
// is for the caller to compare.
func (w *HTTPWay) Open(ctx context.Context, _ *wire.Hello) (Stream, *wire.Answer, error) {
	sync, err := w.link.Sync(ctx)
	if err != nil {
		return nil, nil, err
	}
	welcome := standing(sync)
	welcome.Welcome = &wire.Welcome{Epoch: sync.Epoch}
	return newRequests(w.link), welcome, nil
}

// standing is HQ's watermark as an answer of no batch.
func standing(sync wire.StoreSync) *wire.Answer {
	return &wire.Answer{Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: sync.ReceivedUpto, ChainHash: sync.ChainHash}, Credit: 1}
}

// requests is a conversation over HTTP. One goroutine makes its requests in their
// order; the first that fails is the last.
type requests struct {
	link    *HTTPLink
	ctx     context.Context //nolint:containedctx // of the requests in the background, ended by Close
	stop    context.CancelFunc
	asked   chan *wire.Batch // nil: where do you stand?
	answers chan *wire.Answer
	done    chan struct{} // closed when no answer will follow
	err     error         // why; to be read behind done
	once    sync.Once
}

// waiting is how many questions may lie before the one that is under way: the
// credit's batch, and a question for the watermark.
const waiting = 2

func newRequests(link *HTTPLink) *requests {
	ctx, stop := context.WithCancel(context.Background()) //nolint:gosec // Close calls it
	r := &requests{link: link, ctx: ctx, stop: stop, asked: make(chan *wire.Batch, waiting), answers: make(chan *wire.Answer, waiting), done: make(chan struct{})}
	go r.run()
	return r
}

func (r *requests) run() {
	defer close(r.done)
	for {
		select {
		case <-r.ctx.Done():
			r.err = closed(r.ctx.Err())
			return
		case batch := <-r.asked:
			answer, err := r.exchange(batch)
			if err != nil {
				r.err = err
				return
			}
			select {
			case r.answers <- answer:
			case <-r.ctx.Done():
			}
		}
	}
}

func (r *requests) exchange(batch *wire.Batch) (*wire.Answer, error) {
	if batch == nil {
		sync, err := r.link.Sync(r.ctx)
		if err != nil {
			return nil, err
		}
		return standing(sync), nil
	}
	ack, err := r.link.Send(r.ctx, batch)
	if err != nil {
		return nil, err
	}
	return &wire.Answer{Ack: ack, FirstID: batch.FirstID, Credit: 1}, nil
}

// Send implements Stream.
func (r *requests) Send(ctx context.Context, batch *wire.Batch) error { return r.put(ctx, batch) }

// Ask implements Stream. Every answer is HQ's word for what its database holds.
func (r *requests) Ask(ctx context.Context, _ int64, _ bool) error { return r.put(ctx, nil) }

func (r *requests) put(ctx context.Context, batch *wire.Batch) error {
	select {
	case <-r.done:
		return closed(r.err)
	default:
	}
	select {
	case r.asked <- batch:
		return nil
	case <-r.done:
		return closed(r.err)
	case <-ctx.Done():
		return closed(ctx.Err())
	}
}

// Receive implements Stream.
func (r *requests) Receive(ctx context.Context) (*wire.Answer, error) {
	select {
	case answer := <-r.answers: // what was answered before the end is told before it
		return answer, nil
	default:
	}
	select {
	case answer := <-r.answers:
		return answer, nil
	case <-ctx.Done():
		return nil, closed(ctx.Err())
	case <-r.done:
	}
	select {
	case answer := <-r.answers:
		return answer, nil
	default:
		return nil, r.err
	}
}

// Close implements Stream. The connection goes back to the link.
func (r *requests) Close() {
	r.once.Do(r.stop)
	<-r.done
}

// closed is the fault of a conversation that is over at this end.
func closed(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "hq_unreachable", "the conversation with HQ is over")
}
