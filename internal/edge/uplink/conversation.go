package uplink

import (
	"context"

	"tiem/internal/wire"
)

// Way is a way to HQ, over one protocol. It is safe for concurrent use. Errors
// are faults: Unavailable or Timeout if the line or HQ is down, else HQ's own
// refusal with its code and details (expected_id, chain_hash, at_id,
// received_upto).
type Way interface {
	// Protocol is wire.HTTP or wire.GRPC.
	Protocol() string
	// Open says hello and returns HQ's welcome: where to go on, and the first
	// credit. It opens a connection of its own where the protocol has streams,
	// and ends within the way's timeout.
	Open(ctx context.Context, hello *wire.Hello) (Stream, *wire.Answer, error)
}

// Stream is one conversation with HQ. Send, Ask and Receive may each be called
// by one goroutine at a time, beside each other.
type Stream interface {
	// Send hands a batch over and does not wait for its answer. The caller keeps
	// to HQ's credit. An error means that the stream is over, as it is if ctx ends
	// meanwhile: Receive says why.
	Send(ctx context.Context, batch *wire.Batch) error
	// Ask wants an answer of no batch: a sign of life, or with watermark HQ's
	// word for what its database holds. head is the id of our last event.
	Ask(ctx context.Context, head int64, watermark bool) error
	// Receive returns the next answer, those of batches in their order. Its error
	// ends the stream: HQ's refusal, or the line's failure.
	Receive(ctx context.Context) (*wire.Answer, error)
	// Close ends the stream and gives its connection back. It is not called beside
	// Send or Ask.
	Close()
}
