package door

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"tiem/internal/fault"
)

// body is a request's body behind a limit of size and time. It streams until
// somebody asks for all of it; from then on it reads from memory, so that the
// fingerprint and the handler see the same bytes. Its errors are faults:
// body_too_large, body_timeout, body_incomplete.
type body struct {
	source  io.ReadCloser // http.MaxBytesReader
	limit   int64
	timeout time.Duration

	whole  bool // data holds all that there is
	data   []byte
	unread *bytes.Reader // of data, for Read
	err    error         // the end: io.EOF or a fault
}

// newBody puts r's body behind the limits and starts the clock: the deadline
// also ends a body that no handler ever reads. net/http lifts it when the body
// has ended.
func newBody(w http.ResponseWriter, r *http.Request, limit int64, timeout time.Duration) *body {
	// The connection's clock is the wall's. A writer without a connection (a
	// test's recorder) has nothing to wait for, so its error says nothing.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
	return &body{source: http.MaxBytesReader(w, r.Body, limit), limit: limit, timeout: timeout}
}

// Read reads on, from memory once all was called.
func (b *body) Read(p []byte) (int, error) {
	if b.whole {
		n, err := b.unread.Read(p)
		if errors.Is(err, io.EOF) {
			err = b.err
		}
		return n, err
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.source.Read(p)
	if err != nil {
		b.err = b.explain(err)
	}
	return n, b.err
}

// Close closes the source.
func (b *body) Close() error { return b.source.Close() }

// all is the whole body. It may be called again and again, but not after
// somebody streamed a part of it: then only the rest is left.
func (b *body) all() ([]byte, error) {
	if !b.whole {
		b.data, _ = io.ReadAll(readerFunc(b.Read)) // Read keeps the error in b.err
		b.unread = bytes.NewReader(b.data)
		b.whole = true
	}
	if errors.Is(b.err, io.EOF) {
		return b.data, nil
	}
	return b.data, b.err
}

// explain makes a fault of a read error; io.EOF stays what it is.
func (b *body) explain(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &tooLarge):
		return tooLargeFault(b.limit)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Timeout, "body_timeout", "the body did not arrive within %s", b.timeout).
			Advise("send it again, at once and as a whole")
	default:
		return fault.Wrap(err, fault.Malformed, "body_incomplete", "the body ended before it was whole")
	}
}

func tooLargeFault(limit int64) *fault.Error {
	return fault.New(fault.TooLarge, "body_too_large", "the body is larger than %d bytes", limit).With("limit", limit)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
