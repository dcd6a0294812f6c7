package intake

import (
	"context"

	"tiem/internal/wire"
)

// LiveBytes is the most bytes of a request that counts as live before it is
// read: LiveEvents sales with some room.
const LiveBytes = 128 << 10

// AcceptBytes is Accept for a transport that holds a whole request of so many
// bytes, of which read makes the batch. A large one passes the gate before it is
// even read: what two thousand backlogs cost to decode would otherwise be in
// front of every live sale. Its acknowledgment says how long to send nothing.
func (in *Intake) AcceptBytes(ctx context.Context, size int, read func() (*wire.Batch, error)) (wire.Ack, error) {
	live := size <= LiveBytes
	leave, err := in.gate.enter(ctx, live)
	if err != nil {
		return wire.Ack{}, err
	}
	defer leave()
	batch, err := read()
	if err != nil {
		return wire.Ack{}, err
	}
	d, err := Prepare(batch)
	if err != nil {
		return wire.Ack{}, err
	}
	ack, err := in.observed(ctx, d)
	if err == nil && !live {
		_, wait := in.Terms()
		ack.RetryAfterMS = wait.Milliseconds()
	}
	return ack, err
}
