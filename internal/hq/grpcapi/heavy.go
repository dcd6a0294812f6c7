package grpcapi

import (
	"context"
	"runtime"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"tiem/internal/hq/intake"
)

// heavy is the room for what takes milliseconds of a core: to decode a batch of a
// backlog, and to make it ready. Half of the cores may do it at once: Go serves its
// goroutines in turn, and each step of a sale that was just paid would stand behind
// as many batches as have come in.
type heavy chan struct{}

func newHeavy() heavy { return make(heavy, max(1, runtime.GOMAXPROCS(0)/2)) }

// enter waits for a place. Whoever has one waits for nobody, and turns (package
// intake) keep those few who want one. The error is that ctx ended.
func (h heavy) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h <- struct{}{}:
		return func() { <-h }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inTurn is a codec that decodes large messages in the heavy room.
type inTurn struct {
	encoding.CodecV2

	heavy heavy
}

// Unmarshal implements encoding.CodecV2.
func (c inTurn) Unmarshal(data mem.BufferSlice, v any) error {
	if data.Len() > intake.LiveBytes {
		leave, err := c.heavy.enter(context.Background()) // a codec is not told whose message it is
		if err != nil {
			return err
		}
		defer leave()
	}
	return c.CodecV2.Unmarshal(data, v)
}
