package door

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/fault"
)

const problemType = "application/problem+json"

// problem is the body of every error (RFC 9457). Type is always about:blank, so
// Title is the status's phrase; what clients branch on is Code.
type problem struct {
	_ struct{} `additionalProperties:"true"`

	Type      string    `json:"type" example:"about:blank" doc:"always about:blank: see code"`
	Title     string    `json:"title" example:"Conflict" doc:"the status in words"`
	Status    int       `json:"status" example:"409" doc:"the HTTP status"`
	Detail    string    `json:"detail" example:"the payments do not cover the total" doc:"what happened, for people"`
	Code      string    `json:"code" example:"payment_incomplete" doc:"which rule spoke: stable, for programs"`
	Field     string    `json:"field,omitzero" example:"lines[0].quantity" doc:"the input at fault"`
	Hint      string    `json:"hint,omitzero" doc:"what to do next"`
	RequestID string    `json:"request_id" example:"0199a3f0-5c1e-7d43-8a53-1f2e3d4c5b6a" doc:"names the request in the log"`
	Errors    []finding `json:"errors,omitzero" doc:"all findings of a validation"`

	Extra map[string]any `json:",embed" hidden:"true"`

	fault   *fault.Error
	headers http.Header
}

// finding is one of several things that validation found.
type finding struct {
	Field   string `json:"field" doc:"the input at fault"`
	Message string `json:"message" doc:"what is wrong with it, for people"`
}

// reserved are the members that a fault's Details must not replace.
var reserved = []string{"type", "title", "status", "detail", "code", "field", "hint", "request_id", "errors"}

// Error is the detail; problem is an error so that huma handlers can return it.
func (p *problem) Error() string { return p.Detail }

// GetStatus makes it a huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType makes it a huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return problemType }

// Problem makes of err what a huma handler returns; nil stays nil. Register
// does it for its handlers.
func Problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var made huma.StatusError
	if errors.As(err, &made) {
		return err
	}
	return problemOf(ctx, err)
}

// problemOf is the problem of any error.
func problemOf(ctx context.Context, err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	f, status := classify(ctx, err)
	p = newProblem(status, f)
	var with huma.HeadersError
	if errors.As(err, &with) {
		maps.Copy(p.headers, with.GetHeaders())
	}
	return p
}

func newProblem(status int, f *fault.Error) *problem {
	p := &problem{
		Type: "about:blank", Title: titleOf(status), Status: status,
		Detail: f.Message, Code: f.Code, Field: f.Field, Hint: f.Hint,
		Extra: maps.Clone(f.Details), fault: f, headers: http.Header{},
	}
	for _, name := range reserved {
		delete(p.Extra, name)
	}
	switch status {
	case http.StatusUnauthorized:
		p.headers.Set("WWW-Authenticate", "Bearer")
	case http.StatusServiceUnavailable:
		p.headers.Set("Retry-After", "1")
	case http.StatusTooManyRequests:
		p.headers.Set("Retry-After", retryAfter(f))
	case http.StatusRequestTimeout, http.StatusRequestEntityTooLarge:
		p.headers.Set("Connection", "close") // the rest of the body is not wanted
	}
	return p
}

// retryAfter is how many seconds a caller who came too often has to wait.
func retryAfter(f *fault.Error) string {
	if seconds, ok := f.Details["retry_after_seconds"].(int64); ok && seconds > 0 {
		return strconv.FormatInt(seconds, 10)
	}
	return "1"
}

// classify finds the fault in err, or makes one that tells a client nothing.
func classify(ctx context.Context, err error) (*fault.Error, int) {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return fault.Wrap(err, fault.Unavailable, "client_closed_request", "the caller went away"), statusClientClosed
	}
	f := fault.As(err)
	switch {
	case f == nil && errors.Is(err, context.DeadlineExceeded):
		f = fault.Wrap(err, fault.Unavailable, "deadline_exceeded", "the answer took too long").Advise("try again in a moment")
	case f == nil:
		f = internal(err)
	case f.Code == "":
		coded := *f
		coded.Code = codeOf(Status(f.Kind))
		f = &coded
	}
	return f, Status(f.Kind)
}

func internal(cause error) *fault.Error {
	return fault.Wrap(cause, fault.Internal, "internal_error", "something went wrong on our side").
		Advise("the log has the details under this request_id")
}

// codeOf is the code of an error that came with a status only.
func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "bad_request"
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusNotAcceptable:
		return "not_acceptable"
	case http.StatusRequestTimeout:
		return "body_timeout"
	case http.StatusConflict:
		return "conflict"
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusTooManyRequests:
		return "too_many_requests"
	case http.StatusUnprocessableEntity:
		return "validation_failed"
	case http.StatusServiceUnavailable:
		return "unavailable"
	}
	return "internal_error"
}
