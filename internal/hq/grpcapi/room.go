package grpcapi

import "context"

// room is what only so many may be in at once.
type room chan struct{}

// enter waits for a place. The error is that ctx ended.
func (r room) enter(ctx context.Context) (leave func(), err error) {
	select {
	case r <- struct{}{}:
		return func() { <-r }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// full tells whether the next one would have to wait.
func (r room) full() bool { return len(r) == cap(r) }
