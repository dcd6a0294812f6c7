package uplink

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// stream is a conversation over gRPC.
type stream struct {
	*connection

	rpc wirepb.SyncService_StreamEventsClient
	end context.CancelFunc

	once    sync.Once
	hearing sync.Mutex // gRPC's Recv is for one at a time
	mu      sync.Mutex
	own     error // why the stream ended, if this end knows better than its status
}

// Send implements Stream.
func (s *stream) Send(ctx context.Context, batch *wire.Batch) error {
	return s.say(ctx, wirepb.FromBatch(batch))
}

// Ask implements Stream.
func (s *stream) Ask(ctx context.Context, head int64, watermark bool) error {
	return s.say(ctx, &wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: watermark, Head: head}})
}

// say waits only while HQ reads nothing, and ctx bounds that; it ends the stream.
func (s *stream) say(ctx context.Context, message *wirepb.EventBatch) error {
	defer s.endWith(ctx)()
	err := s.rpc.Send(message)
	switch {
	case err == nil:
		return nil
	case status.Code(err) == codes.ResourceExhausted: // gRPC's own limit: nothing was sent
		s.because(fault.Wrap(err, fault.TooLarge, "batch_too_large", "the batch is over 4 MiB"))
	case !over(err):
		s.because(refusalOf(err))
	}
	return closed(err)
}

// Receive implements Stream.
func (s *stream) Receive(ctx context.Context) (*wire.Answer, error) {
	defer s.endWith(ctx)()
	s.hearing.Lock()
	message, err := s.rpc.Recv()
	s.hearing.Unlock()
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.own != nil {
			return nil, s.own
		}
		return nil, refusalOf(err)
	}
	return wirepb.Answer(message)
}

// because notes why the stream ends; the first reason stays.
func (s *stream) because(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == nil {
		s.own = err
	}
}

// endWith ends the stream when ctx is done, until the result is called: gRPC's
// calls know no context but the stream's.
func (s *stream) endWith(ctx context.Context) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	stop := context.AfterFunc(ctx, func() {
		s.because(closed(ctx.Err()))
		s.end()
	})
	return func() { stop() }
}

// Close implements Stream. HQ hears that nothing more comes and ends the stream,
// if it does so at once; then the connection ends.
func (s *stream) Close() {
	s.once.Do(func() {
		if s.rpc != nil {
			s.farewell()
		}
		s.close()
		s.end()
	})
}

// farewell lets HQ end the stream: to cut it would look like a lost one.
func (s *stream) farewell() {
	_ = s.rpc.CloseSend() // the stream ends anyway
	cut := time.AfterFunc(closeWithin, s.end)
	defer cut.Stop()
	s.hearing.Lock()
	defer s.hearing.Unlock()
	for {
		if _, err := s.rpc.Recv(); err != nil {
			return
		}
	}
}

// over tells whether a stream had ended before something was sent on it.
func over(err error) bool { return errors.Is(err, io.EOF) }
