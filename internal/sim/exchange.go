package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tiem/internal/fault"
)

const maxAnswer = 32 << 20 // bytes: a page of 500 events with full baskets is far below

// exchange is one HTTP server and the token to speak to it with.
type exchange struct {
	who    string // for messages: "the edge", "HQ"
	base   string
	token  string
	client *http.Client
}

// request is one call, whole: sending it again sends the same bytes.
type request struct {
	method string
	path   string // with its query
	key    string // Idempotency-Key; empty for reading
	body   []byte

	session  string // X-Session: who acts
	approval string // X-Approval: whose PIN stands for it
}

// newExchange speaks to the server at base. Each has connections of its own, as
// each till has.
func newExchange(who, base, token string) exchange {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	return exchange{who: who, base: strings.TrimSuffix(base, "/"), token: token, client: &http.Client{Transport: transport}}
}

// close gives idle connections back.
func (x exchange) close() { x.client.CloseIdleConnections() }

// do sends the request once and reads the answer into `into`. What may be sent
// again as it is (nobody answered, the answer broke off, 408, 429, 502, 503,
// 504) is a fault of kind Unavailable; a refusal is the server's own fault, with
// its code and the details "status" and "retry_after" (the header; mostly empty).
func (x exchange) do(ctx context.Context, r request, into any) error {
	answer, err := x.send(ctx, r)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fault.Wrap(err, fault.Internal, "answer_unreadable", "the answer of %s to %s %s cannot be read", x.who, r.method, r.path)
	}
	return nil
}

// send is do, and returns the answer as it is.
func (x exchange) send(ctx context.Context, r request) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, x.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "url_invalid", "%s is not the URL of %s", x.base, x.who)
	}
	if x.token != "" {
		req.Header.Set("Authorization", "Bearer "+x.token)
	}
	for name, value := range map[string]string{"Idempotency-Key": r.key, "X-Session": r.session, "X-Approval": r.approval, "Traceparent": traceOf(ctx)} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if len(r.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := x.client.Do(req)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unreachable", "%s does not answer at %s", x.who, x.base)
	}
	defer func() { _ = res.Body.Close() }() // it was read, or is of no use
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "answer_broken", "the answer of %s broke off", x.who)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, x.refusal(r, res.StatusCode, answer).With("retry_after", res.Header.Get("Retry-After"))
	}
	return answer, nil
}

// get reads path, without a retry.
func (x exchange) get(ctx context.Context, path string, into any) error {
	return x.do(ctx, request{method: http.MethodGet, path: path}, into)
}

// refusal turns a problem document into a fault. What is no problem document
// came from somebody in between and is judged by its status alone.
func (x exchange) refusal(r request, status int, body []byte) *fault.Error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Field  string `json:"field"`
		Hint   string `json:"hint"`
	}
	if json.Unmarshal(body, &problem) != nil || problem.Code == "" {
		problem.Code, problem.Detail = "refused", http.StatusText(status)
	}
	e := fault.New(kindOf(status), problem.Code, "%s answered %s %s with %d %s: %s", x.who, r.method, r.path, status, problem.Code, problem.Detail)
	e.Hint = problem.Hint
	return e.With("status", status)
}

func kindOf(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized:
		return fault.Unauthorized
	case http.StatusForbidden:
		return fault.Forbidden
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict:
		return fault.Conflict
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fault.Invalid
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fault.Unavailable
	default: // 500: a bug over there; sending it again would only hide it
		return fault.Internal
	}
}

// persist calls try until it works, fails for good, or patience is over; in
// between it waits a little longer each time. It is for reading, and for calls
// that carry an Idempotency-Key: only a fault of kind Unavailable is tried
// again. Each try may take at most attemptTimeout.
func persist(ctx context.Context, patience time.Duration, try func(ctx context.Context) error) (retries int, err error) {
	const attemptTimeout = 10 * time.Second
	const firstWait, lastWait = 20 * time.Millisecond, 400 * time.Millisecond
	for deadline, wait := time.Now().Add(patience), firstWait; ; wait = min(2*wait, lastWait) {
		err = attempt(ctx, attemptTimeout, try)
		switch {
		case err == nil || fault.KindOf(err) != fault.Unavailable:
			return retries, err
		case ctx.Err() != nil:
			return retries, errors.Join(context.Cause(ctx), err)
		case time.Now().Add(wait).After(deadline):
			return retries, fault.Wrap(err, fault.Timeout, "gave_up", "gave up after %s and %d retries", patience, retries)
		}
		if pause(ctx, jitter(wait)) != nil {
			return retries, errors.Join(context.Cause(ctx), err)
		}
		retries++
	}
}

func attempt(ctx context.Context, limit time.Duration, try func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return try(ctx)
}
