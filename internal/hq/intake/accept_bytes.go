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
	var d *Delivery
	if size > LiveBytes {
		d, ack, err = in.passUnread(ctx, read)
	} else if d, err = prepare(read); err == nil {
		ack, err = in.pass(ctx, d)
	}
	if err != nil {
		return wire.Ack{}, err
	}
	if size > LiveBytes || !d.Live() {
		_, wait := in.Terms(storeID, d.Events(), d.Left())
		ack.RetryAfterMS = wait.Milliseconds()
	}
	return ack, nil
}

// passUnread passes the gate, reads, and writes.
func (in *Intake) passUnread(ctx context.Context, read func() (*wire.Batch, error)) (d *Delivery, ack wire.Ack, err error) {
	leave, err := in.gate.enter(ctx, false)
	if err != nil {
		return nil, wire.Ack{}, err
	}
	defer func() { leave(written(ack, err)) }()
	if d, err = prepare(read); err != nil {
		return nil, wire.Ack{}, err
	}
	ack, err = in.observed(ctx, d)
	return d, ack, err
}

func prepare(read func() (*wire.Batch, error)) (*Delivery, error) {
	batch, err := read()
	if err != nil {
		return nil, err
	}
	return Prepare(batch)
}
