// Package door is what the HTTP listeners of the store edge and of HQ have in
// common: middleware, errors, strict JSON, documentation, probes, and a server
// that stops without dropping a sale.
//
// # Using it
//
//	d := door.New(door.Config{Title: "…", Version: "1", Logger: log, Registry: reg, Ready: db.Ready})
//	door.Register(d, huma.Operation{OperationID: "get-status", Method: "GET", Path: "/v1/status"},
//	    func(ctx context.Context, in *In) (*Out, error) { return nil, fault.New(…) })
//	d.API().UseMiddleware(auth)          // huma middleware, before the operations are registered
//	d.Router().Get("/v1/…/qr.png", h)    // raw routes; they answer errors with WriteProblem
//	ln, err := door.Listen(ctx, addr)
//	err = door.Serve(ctx, ln, d, log)
//
// Handlers return plain *fault.Error; the door turns them into problems. A huma
// middleware refuses with Refuse and finds the caller's token with BearerOf.
// A handler that streams calls KeepOpen once and stops when Draining says so.
//
// # What a request meets, in this order
//
//  1. an id: a sane X-Request-Id of the caller, else a new UUIDv7; it is in the
//     answer's header, in every problem and in the log
//  2. one log line and one observation when it is done (route pattern, method,
//     status). /health, /ready and /metrics are logged at debug only
//  3. a net for panics: logged with the stack, answered without
//  4. a guard for what arrives: URL, Idempotency-Key, size and pace of the body
//  5. chi's routing, then huma's middlewares (authentication), then the body:
//     it is read after them, so a stranger gets 401 and not a lesson in JSON.
//     Only an operation that declares no body has it read (and checked) first
//
// # Errors
//
// Every error is application/problem+json (RFC 9457): type, title, status,
// detail, code, field, hint, request_id, and a fault's Details at the top level.
// The kind of a fault gives the status (Status). An error that is no fault is
// 500 internal_error; its text goes to the log and never to the client. Errors
// of our own (5xx) are logged with their cause, once, in the request's line.
// The values that a client sent are not repeated: they may hold a PIN.
//
// # JSON
//
// A body is read three times: by checkJSON for its form (UTF-8, no NUL, no
// duplicate names, at most MaxDepth levels, one value), by huma into any for
// validation, and into the handler's struct. Names are case-sensitive and
// unknown ones are refused. An integer field takes integer literals of its own
// range only, exactly: 9007199254740993 arrives as it is; 1.5, 1.0, 1e3 and
// 9223372036854775808 are 422, because whoever writes money as 1e3 computes
// with floats. Answers are encoded before the status is written, with nil
// slices as [] and without HTML escaping. It is encoding/json/v2's semantics:
// use omitzero (omitempty drops "", [] and {}, but keeps 0 and false).
//
// | code | status | when |
// |---|---|---|
// | json_malformed, json_trailing_data, json_duplicate_key, json_invalid_utf8, json_nul, json_too_deep | 400 | the bytes |
// | body_required, body_incomplete, url_invalid, idempotency_key_invalid | 400 | the request |
// | validation_failed (or the code of the type that refused, e.g. quantity_invalid) | 422 | the content; all findings in errors |
// | body_timeout 408 · body_too_large 413 · unsupported_media_type 415 | | the body |
// | not_found 404 · method_not_allowed 405 · internal_error 500 | | |
//
// # State
//
// A Door is built once and then only read; huma's own settings are process-wide
// (they are set once, by the first New). The state of a request is a visit in its context.
package door
