package grpcapi

import (
	"context"
	"runtime"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"tiem/internal/hq/intake"
)

// newHeavy is the room for what takes milliseconds of a core: to decode a batch of
// a backlog, and to make it ready. Half of the cores may do it at once: Go serves
// its goroutines in turn, and each step of a sale that was just paid would stand
// behind as many batches as have come in. Whoever is in it waits for nobody, and
// turns (package intake) keep those few who want to be.
func newHeavy() room { return make(room, max(1, runtime.GOMAXPROCS(0)/2)) }

// inTurn is a codec that decodes large messages in the heavy room.
type inTurn struct {
	encoding.CodecV2

	heavy room
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
