package intake

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// greetTimeout is how long a greeting waits for its own store: in its line, and
// for its row. It is less than any transaction waits for a lock, so that those in
// the hall wait less than that, too.
const greetTimeout = 2 * time.Second

// Greet answers a store's hello with HQ's watermark, or with a refusal: fenced,
// fork, rewind, store_unknown, batch_invalid. It waits for a batch of the store
// that is being written, so that its word is the last one, but not for long:
// then it is unavailable (store_busy, database_locked). Only a few stores are
// greeted at once: thousands that come back together must not take the database
// away from those that sell.
func (in *Intake) Greet(ctx context.Context, hello *wire.Hello) (wire.Answer, error) {
	if err := hello.Validate(); err != nil {
		return wire.Answer{}, err
	}
	stream, err := in.meet(ctx, hello)
	if err != nil {
		return wire.Answer{}, err
	}
	answer := wire.Answer{Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: stream.ReceivedUpto}, Credit: wire.FirstCredit,
		Welcome: &wire.Welcome{Epoch: stream.Epoch, UnreadableTypes: projection.Unreadable(hello.SchemaVersions)}}
	copy(answer.ChainHash[:], stream.ChainHash)
	if backlog := hello.Head - stream.ReceivedUpto; backlog > LiveEvents {
		credit, wait := in.Terms(hello.StoreID, 0, backlog)
		answer.Credit, answer.RetryAfterMS = min(credit, wire.FirstCredit), wait.Milliseconds()
	}
	return answer, nil
}

// meet is HQ's side of a hello that it has nothing against.
func (in *Intake) meet(ctx context.Context, hello *wire.Hello) (stream hqdb.Stream, err error) {
	patient, cancel := context.WithTimeout(ctx, greetTimeout)
	part, err := in.lines.enter(patient, hello.StoreID)
	cancel()
	if err != nil {
		return stream, err
	}
	defer part()
	leave, err := in.hall.enter(ctx, false)
	if err != nil {
		return stream, err
	}
	defer leave(0) // nobody is given turns in the hall
	err = in.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		if stream, err = hqdb.OpenStream(ctx, hqdb.Glance(tx, greetTimeout), hello.StoreID, hello.Head, hello.Head, []uuid.UUID{}); err != nil {
			return err
		}
		return held(&stream).Greet(hello)
	})
	return stream, err
}
