// Package fault is the one error type that crosses package borders in Tiệm.
//
// An error answers three questions, and each has its own reader:
//
//   - Kind: what may the caller do about it? A program branches on it (retry,
//     ask the user, give up), and the HTTP doors map it to a status once.
//   - Code: which rule spoke? Clients and dashboards rely on it, so a code is
//     stable for ever; its text may be reworded.
//   - Message and Hint: what happened, and what should a person do next? They
//     never carry SQL, stack traces or secrets.
//
// Everything else (the driver's error, the file that would not open) is kept
// as the wrapped cause, for logs only. Errors are returned, never logged and
// swallowed; the outermost caller logs once.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what a caller may do about an error.
type Kind uint8

// The kinds, from "your input" to "our failure". The zero Kind is Internal, so
// an error that nobody classified is never mistaken for the client's fault.
const (
	Internal     Kind = iota // a bug or a broken invariant: do not retry, tell an engineer
	Malformed                // the bytes cannot be read at all (HTTP 400)
	Invalid                  // readable, but a rule refuses the content (HTTP 422)
	Unauthorized             // who are you? (HTTP 401)
	Forbidden                // known, but not allowed (HTTP 403)
	NotFound                 // (HTTP 404)
	Conflict                 // the state does not allow it, or somebody else did it first (HTTP 409)
	TooLarge                 // (HTTP 413)
	Unsupported              // wrong media type (HTTP 415)
	Timeout                  // the caller was too slow (HTTP 408)
	Throttled                // too often: wait for Details["retry_after_seconds"] (HTTP 429)
	Unavailable              // try again later: database restarting, pool exhausted (HTTP 503)
	Unknown                  // the outcome is in doubt: look it up before you repeat (HTTP 503)
	Config                   // a setting is missing or wrong (exit 78)
	Usage                    // a command line is wrong (exit 2)
)

// Error is an error with a kind, a stable code and words for people.
type Error struct {
	Kind    Kind
	Code    string         // stable, snake_case, e.g. "payment_incomplete"
	Message string         // one sentence for people
	Field   string         // the input at fault, e.g. "quantity" or "EDGE_ADDR"; may be empty
	Hint    string         // what to do next; may be empty
	Details map[string]any // machine-readable extras, added to a problem document as they are
	Err     error          // the cause, for logs; never shown to clients
}

// New returns an error of the kind with a stable code and a formatted message.
// An error that caused it goes into Wrap, never into the message.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an error that hides cause from people and keeps it for logs.
func Wrap(cause error, kind Kind, code, format string, args ...any) *Error {
	e := New(kind, code, format, args...)
	e.Err = cause
	return e
}

// At names the input at fault and returns the error.
func (e *Error) At(field string) *Error { e.Field = field; return e }

// Advise sets what to do next and returns the error.
func (e *Error) Advise(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// With adds a machine-readable detail and returns the error.
func (e *Error) With(key string, value any) *Error {
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	e.Details[key] = value
	return e
}

// Error is the text for logs: code, message, hint and cause.
func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// KindOf returns the kind of the first *Error in err's chain; Internal if there is none.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first *Error in err's chain; "" if there is none.
func CodeOf(err error) string {
	if e := As(err); e != nil {
		return e.Code
	}
	return ""
}

// ExitCode is a program's exit code for err, as the contract has them:
// 0 fine, 1 a check failed, 2 bad usage, 78 bad configuration.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case KindOf(err) == Config:
		return 78
	case KindOf(err) == Usage:
		return 2
	default:
		return 1
	}
}
