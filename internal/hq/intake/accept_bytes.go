package intake

import (
	"context"

	"tiem/internal/wire"
)

// LiveBytes is the most bytes of a request that counts as live before it is
// read: LiveEvents sales with some room.
const LiveBytes = 128 << 10

// AcceptBytes is Accept for a transport that holds a whole request of so many
// bytes of the store storeID, of which read makes the batch. A large one passes
// the gate before it is even read: what two thousand backlogs cost to decode would
// otherwise be in front of every live sale. A backlog's acknowledgment says how
// long to send nothing.
func (in *Intake) AcceptBytes(ctx context.Context, storeID string, size int, read func() (*wire.Batch, error)) (ack wire.Ack, err error) {
	part, err := in.lines.enter(ctx, storeID)
	if err != nil {
		return wire.Ack{}, err
	}
	defer part()
	live := false
	if size > LiveBytes {
		ack, err = in.passUnread(ctx, read)
	} else {
		var d *Delivery
		if d, err = prepare(read); err != nil {
			return wire.Ack{}, err
		}
		live = d.Live()
		ack, err = in.pass(ctx, d)
	}
	if err == nil && !live {
		_, wait := in.Terms(storeID)
		ack.RetryAfterMS = wait.Milliseconds()
	}
	return ack, err
}

// passUnread passes the gate, reads, and writes.
func (in *Intake) passUnread(ctx context.Context, read func() (*wire.Batch, error)) (ack wire.Ack, err error) {
	leave, err := in.gate.enter(ctx, false)
	if err != nil {
		return wire.Ack{}, err
	}
	defer func() { leave(err == nil) }()
	d, err := prepare(read)
	if err != nil {
		return wire.Ack{}, err
	}
	return in.observed(ctx, d)
}

func prepare(read func() (*wire.Batch, error)) (*Delivery, error) {
	batch, err := read()
	if err != nil {
		return nil, err
	}
	return Prepare(batch)
}
