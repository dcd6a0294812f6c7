package grpcapi

import (
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

// enter waits for a place, and that is short: whoever has one waits for nobody.
func (h heavy) enter() (leave func()) {
	h <- struct{}{}
	return func() { <-h }
}

// oneByOne is a codec that decodes large messages in the heavy room.
type oneByOne struct {
	encoding.CodecV2

	heavy heavy
}

// Unmarshal implements encoding.CodecV2.
func (c oneByOne) Unmarshal(data mem.BufferSlice, v any) error {
	if data.Len() > intake.LiveBytes {
		defer c.heavy.enter()()
	}
	return c.CodecV2.Unmarshal(data, v)
}
