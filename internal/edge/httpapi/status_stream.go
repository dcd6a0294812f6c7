package httpapi

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-json-experiment/json"

	"tiem/internal/door"
	"tiem/internal/edge/board"
	"tiem/internal/fault"
)

const (
	streamPulse    = 15 * time.Second // between two signs of life; the token is looked up again at each
	streamPatience = 10 * time.Second // a reader that takes nothing for so long is dropped
	streamRetry    = "retry: 2000\n\n"
	streamComment  = ": still here\n\n"
)

func (a *api) registerStatusStream(d *door.Door) {
	schema := d.API().OpenAPI().Components.Schemas.Schema(reflect.TypeFor[board.State](), true, "State")
	door.Register(d, a.forTills(huma.Operation{
		OperationID: "stream-status", Method: http.MethodGet, Path: "/v1/status/stream", Tags: []string{"Sync"},
		Summary: "The status, each time it changes (server-sent events)",
		Description: "An event `status` with the JSON of `GET /v1/status` at once, and then when the connectivity, the alarm, what is pending or the clock's offset in whole seconds has changed, " +
			"at most two a second; a comment every 15 seconds. With `Last-Event-ID`, what was missed: the last 256 states are kept, else the present one comes. " +
			"A reader that is too slow is dropped; a revoked terminal's stream ends. 503 `too_many_streams` when 32 are open.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: schema}}}},
	}), a.streamStatus)
}

type streamInput struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"64" doc:"the id of the last event that was received" required:"false"` //nolint:tagliatelle // as the standard writes it
}

func (a *api) streamStatus(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	watcher, err := a.Board.Watch(ctx, in.LastEventID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer watcher.Close()
		request, answer := humachi.Unwrap(hc)
		answer.Header().Set("Content-Type", "text/event-stream")
		if request.Method != http.MethodHead {
			a.stream(request, answer, watcher)
		}
	}}, nil
}

// stream writes until the reader is gone or too slow, the token is worth nothing
// any more, or the server stops. (The request's own context has no patience in it.)
func (a *api) stream(request *http.Request, answer http.ResponseWriter, watcher *board.Watcher) {
	ctx, pulse := request.Context(), time.NewTicker(a.pulse)
	defer pulse.Stop()
	ok := send(answer, streamRetry)
	for ok {
		select {
		case <-ctx.Done():
			return
		case <-door.Draining(ctx):
			return
		case <-watcher.More():
			for _, note := range watcher.Next() {
				ok = ok && send(answer, eventOf(note))
			}
		case <-pulse.C:
			ok = a.stillPaired(ctx, door.Bearer(request)) && send(answer, streamComment)
		}
	}
}

// stillPaired is false once the token is nobody's. A database that is away takes
// no stream down: that is when screens want to know.
func (a *api) stillPaired(ctx context.Context, bearer string) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := a.Terminals.ByToken(ctx, bearer)
	return fault.KindOf(err) != fault.Unauthorized
}

// send writes and flushes; false: the reader is gone, or does not read.
func send(answer http.ResponseWriter, text string) bool {
	control := http.NewResponseController(answer)
	_ = control.SetWriteDeadline(time.Now().Add(streamPatience)) // in place of the server's; a recorder has none
	_, err := io.WriteString(answer, text)
	return err == nil && control.Flush() == nil
}

func eventOf(note board.Note) string {
	data, err := json.Marshal(note.State, json.Deterministic(true))
	if err != nil {
		return "" // numbers, times and text: there is nothing in it that cannot be written
	}
	return "id: " + note.ID + "\nevent: status\ndata: " + string(data) + "\n\n"
}
