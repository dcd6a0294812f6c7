package postgres

import (
	"context"
	"time"
)

// What Gently leaves to others: between two batches it rests four times as long
// as the batch took, so that it has at most a fifth of the database's time, and
// never less than restAtLeast.
const (
	restAtLeast = 20 * time.Millisecond
	restFactor  = 4
)

// Gently does a long piece of housekeeping in many short ones, so that a till
// never waits for it: it runs batch as long as that says that there is more, up
// to most times, and rests in between. It returns how much was done, also beside
// an error; the end of ctx is a fault of kind Unavailable.
func Gently(ctx context.Context, most int, batch func(ctx context.Context) (done int64, more bool, err error)) (int64, error) {
	var total int64
	for n := 1; ; n++ {
		begun := time.Now()
		done, more, err := batch(ctx)
		total += done
		if err != nil || !more || n >= most {
			return total, Fault(err)
		}
		rest := time.NewTimer(max(restAtLeast, restFactor*time.Since(begun)))
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return total, Fault(ctx.Err())
		}
	}
}
