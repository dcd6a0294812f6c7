package grpcapi

import (
	"context"
	"errors"
	"io"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/intake"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// saying is what a store said: one of hello, batch, ask and err. An error is the last one.
type saying struct {
	hello *wire.Hello
	batch *intake.Delivery
	first int64 // id of the batch's first event
	ask   *wirepb.Ask
	err   error
}

// listen reads what the store says until it has said something that ends the
// stream, or the stream is over.
func (c *stream) listen(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			c.hand(ctx, saying{err: c.server.panicked(ctx, wirepb.SyncService_StreamEvents_FullMethodName, p)})
		}
	}()
	for first := true; ; first = false {
		message, err := c.rpc.Recv()
		if err != nil {
			c.closed.Store(errors.Is(err, io.EOF))
			c.hand(ctx, saying{err: err})
			return
		}
		s, err := c.read(message, first)
		if err != nil {
			s = saying{err: err}
		}
		if !c.hand(ctx, s) || err != nil {
			return
		}
	}
}

// hand puts s behind what was said before; false if nobody will take it.
func (c *stream) hand(ctx context.Context, s saying) bool {
	select {
	case c.said <- s:
		return true
	case <-ctx.Done():
		return false
	}
}

// read makes of a message what needs no database.
func (c *stream) read(m *wirepb.EventBatch, first bool) (saying, error) {
	isHello, isAsk := m.GetHello() != nil, m.GetAsk() != nil
	switch {
	case first != isHello:
		return saying{}, malformed("hello", "stands in the first message of a stream, and only there")
	case (isHello || isAsk) && len(m.GetEvents()) > 0, isHello && isAsk:
		return saying{}, malformed("events", "stand in a message of their own, as a hello and an ask do")
	case isHello:
		hello, err := wirepb.ReadHello(m.GetHello())
		if err == nil {
			err = fleet.MaySpeak(c.storeID, hello.StoreID)
		}
		return saying{hello: hello}, err
	case m.GetAsk().GetHead() < 0:
		return saying{}, malformed("ask.head", "is less than 0")
	case isAsk:
		if head := m.GetAsk().GetHead(); head > c.head.Load() {
			c.head.Store(head)
		}
		return saying{ask: m.GetAsk()}, nil
	}
	return c.readBatch(m)
}

func (c *stream) readBatch(m *wirepb.EventBatch) (saying, error) {
	if c.received.Load() >= c.granted.Load() {
		return saying{}, fault.New(fault.Throttled, wirepb.CodeCreditExceeded, "the store sent more batches than it has credit for").
			Advise("wait for acknowledgments; see docs/sync-protocol.md, «The stream»")
	}
	c.received.Add(1)
	batch, err := wirepb.Batch(m)
	if err != nil {
		return saying{}, err
	}
	if err := fleet.MaySpeak(c.storeID, batch.StoreID); err != nil {
		return saying{}, err
	}
	if len(batch.Events) > intake.LiveEvents {
		leave, err := c.server.heavy.enter(c.rpc.Context())
		if err != nil {
			return saying{}, err
		}
		defer leave()
	}
	delivery, err := intake.Prepare(batch)
	return saying{batch: delivery, first: batch.FirstID}, err
}

func malformed(field, what string) error {
	return fault.New(fault.Malformed, wire.CodeBatchInvalid, "%s %s", field, what).At(field).
		Advise("see docs/sync-protocol.md, «The stream»; nothing of it was stored")
}
