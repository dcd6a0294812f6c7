package intake

import (
	"context"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Greet answers a store's hello with HQ's watermark, or with a refusal: fenced,
// fork, rewind, store_unknown, batch_invalid. It waits for a batch of the store
// that is being written, so that its word is the last one. Only a few stores are
// greeted at once: thousands that come back together must not take the database
// away from those that sell.
func (in *Intake) Greet(ctx context.Context, hello *wire.Hello) (wire.Answer, error) {
	if err := hello.Validate(); err != nil {
		return wire.Answer{}, err
	}
	leave, err := in.hall.enter(ctx, false)
	if err != nil {
		return wire.Answer{}, err
	}
	defer leave()
	var stream hqdb.Stream
	err = in.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		if stream, err = hqdb.OpenStream(ctx, tx, hello.StoreID, hello.Head, hello.Head, []uuid.UUID{}); err != nil {
			return err
		}
		return held(&stream).Greet(hello)
	})
	if err != nil {
		return wire.Answer{}, err
	}
	answer := wire.Answer{Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: stream.ReceivedUpto}, Credit: wire.FirstCredit,
		Welcome: &wire.Welcome{Epoch: stream.Epoch, UnreadableTypes: projection.Unreadable(hello.SchemaVersions)}}
	copy(answer.ChainHash[:], stream.ChainHash)
	if hello.Head-stream.ReceivedUpto > LiveEvents {
		credit, wait := in.Terms()
		answer.Credit, answer.RetryAfterMS = min(credit, wire.FirstCredit), wait.Milliseconds()
	}
	return answer, nil
}
