// Package idempotency makes a till's retry harmless: the answer of a mutating
// call is stored under the terminal's Idempotency-Key in the same transaction as
// the call's effect, so either both exist or neither does.
//
//   - The same key with the same request again gets the stored answer, byte for
//     byte, and has no second effect.
//   - The same key with another request is refused (409 idempotency_conflict).
//   - A duplicate that arrives while the first is still running waits for it: the
//     key is locked (pg_advisory_xact_lock) before anything else. It is the first
//     lock of the lock order.
//   - A failure is not stored: the same key may be tried again.
//
// Answers are kept for 35 days (Keep), longer than a shop may be offline.
package idempotency

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/session"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Keep is how long an answer is remembered.
const Keep = 35 * 24 * time.Hour

// Request identifies one call. The zero Request (no key) runs every time.
type Request struct {
	TerminalID string
	Key        string
	Hash       [32]byte // of method, path and body
	// Proof are the hashes of the terminal's and the session's token, if they are
	// yet to be looked up: whoever does not hold them any more gets neither an
	// effect nor an answer that was stored for them (the faults of session.Holds).
	Proof *session.Hashes
}

// Reply is an answer, fresh or remembered.
type Reply[T any] struct {
	Status   int // HTTP status of a success
	Body     T
	Replayed bool
}

// Run runs fn in one transaction under the request's key, or returns the answer
// that an earlier run stored. fn returns the HTTP status of its success and the
// body; the body must survive a round trip through JSON.
//
// open, which may be nil, queues the statements with which fn would begin: they
// travel together with the lock of the key, behind it, in one round trip. They
// leave what they find where fn looks for it. For a repetition they have been
// run in vain: fn is not called and everything is rolled back. (It has waited for
// their locks, and may be told to ask again.)
func Run[T any](ctx context.Context, db *postgres.DB, req Request, now func() time.Time, open func(*pgx.Batch),
	fn func(ctx context.Context, tx *postgres.Tx) (int, T, error),
) (Reply[T], error) {
	var reply Reply[T]
	var stored *edgedb.GetIdempotencyKeyRow
	err := db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		reply = Reply[T]{}
		var err error
		if stored, err = begin(ctx, tx, req, now, open); err != nil {
			return err
		}
		if stored != nil {
			return errRepetition
		}
		reply.Status, reply.Body, err = fn(ctx, tx)
		if err != nil || req.Key == "" {
			return err
		}
		return remember(ctx, tx, req, reply, now())
	})
	if errors.Is(err, errRepetition) {
		err = replay(&reply, req, *stored)
	}
	return reply, err
}

// errRepetition rolls back what open did.
var errRepetition = errors.New("the call was answered before")

// begin looks the tokens up, locks the key, looks it up, and sends what open
// queues, in one round trip; stored is nil if there is no answer yet, or no key.
func begin(ctx context.Context, tx *postgres.Tx, req Request, now func() time.Time, open func(*pgx.Batch)) (stored *edgedb.GetIdempotencyKeyRow, err error) {
	batch := &pgx.Batch{}
	var caller edgedb.CallersRow
	if req.Proof != nil {
		edgedb.WhoCalls(batch, req.Proof.Terminal, req.Proof.Session, &caller)
	}
	if req.Key != "" {
		edgedb.LockKey(batch, req.TerminalID, req.Key, func(row edgedb.GetIdempotencyKeyRow) { stored = &row })
	}
	if open != nil {
		open(batch)
	}
	if batch.Len() == 0 {
		return nil, nil
	}
	if err := tx.Send(ctx, batch); err != nil {
		return nil, err
	}
	if req.Proof != nil {
		if err := session.Holds(caller, req.TerminalID, *req.Proof, now()); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// Recall returns the stored answer, if there is one, without running anything:
// for what must not even be looked at again when the call is a repetition.
func Recall[T any](ctx context.Context, db *postgres.DB, req Request) (reply Reply[T], found bool, err error) {
	if req.Key == "" {
		return reply, false, nil
	}
	stored, err := edgedb.New().GetIdempotencyKey(ctx, db, req.TerminalID, req.Key)
	if err = postgres.Fault(err); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return reply, false, nil
		}
		return reply, false, err
	}
	return reply, true, replay(&reply, req, stored)
}

func replay[T any](reply *Reply[T], req Request, stored edgedb.GetIdempotencyKeyRow) error {
	if !bytes.Equal(stored.RequestHash, req.Hash[:]) {
		return fault.New(fault.Conflict, "idempotency_conflict", "this Idempotency-Key was used for another request").
			At("Idempotency-Key").Advise("use a new key for a new request")
	}
	reply.Status, reply.Replayed = int(stored.Status), true
	if err := json.Unmarshal([]byte(stored.Body), &reply.Body); err != nil {
		return fault.Wrap(err, fault.Internal, "stored_answer_unreadable", "the stored answer cannot be read")
	}
	return nil
}

func remember[T any](ctx context.Context, tx *postgres.Tx, req Request, reply Reply[T], now time.Time) error {
	body, err := json.Marshal(reply.Body)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "answer_unwritable", "the answer cannot be stored")
	}
	return edgedb.New().InsertIdempotencyKey(ctx, tx.Queued(), edgedb.InsertIdempotencyKeyParams{TerminalID: req.TerminalID, Key: req.Key,
		RequestHash: req.Hash[:], Status: int32(reply.Status), Body: string(body), CreatedAt: now})
}

// Amend replaces the stored answer's body, together with tx: for a call whose
// first transaction commits an intent, and whose last one knows the rest of the
// answer. A request without a key is left alone.
func Amend[T any](ctx context.Context, tx *postgres.Tx, req Request, answer T) error {
	if req.Key == "" {
		return nil
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "answer_unwritable", "the answer cannot be stored")
	}
	return edgedb.New().AmendIdempotencyKey(ctx, tx.Queued(), req.TerminalID, req.Key, string(body))
}

// Forget drops the stored answer, together with tx: the call failed after all,
// and failures are not stored.
func Forget(ctx context.Context, tx *postgres.Tx, req Request) error {
	if req.Key == "" {
		return nil
	}
	return edgedb.New().DropIdempotencyKey(ctx, tx.Queued(), req.TerminalID, req.Key)
}

const (
	sweepBatch = 500 // answers of one statement
	sweepMost  = 100 // batches of one round
)

// Sweep forgets answers older than Keep, in small batches that let the tills
// through, and returns how many there were. What is left over for want of time
// goes with the next round.
func Sweep(ctx context.Context, db *postgres.DB, now time.Time) (int64, error) {
	return postgres.Gently(ctx, sweepMost, func(ctx context.Context) (int64, bool, error) {
		n, err := edgedb.New().DropOldIdempotencyKeys(ctx, db, now.Add(-Keep), sweepBatch)
		return n, n == sweepBatch, err
	})
}
