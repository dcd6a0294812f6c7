package httpapi

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/door"
	"tiem/internal/edge/board"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/line"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

// screen is a shop's status stream behind a real server, with a terminal T1.
type screen struct {
	t     *testing.T
	api   *api
	url   string
	line  *line.Line
	token string
	stop  func() // as SIGTERM does; it returns when the server has stopped
}

func openScreen(t *testing.T, pulse time.Duration) *screen {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	_, err := edgedb.New().InsertStore(t.Context(), db, "S1", "VND")
	require.NoError(t, err)
	require.NoError(t, edgedb.New().InsertOutboxHead(t.Context(), db, "S1"))
	s := &screen{t: t, line: line.New(line.Config{})}
	source := board.Source{DB: db, Outbox: &outbox.Log{}, Line: s.line, Now: time.Now}
	s.api = &api{pulse: pulse, Parts: Parts{DB: db, Status: source, Board: board.New(source.Read, s.line),
		Terminals: &till.Terminals{DB: db, StoreID: "S1", Guesses: till.NewGuesses()}}}
	s.token, err = s.api.Terminals.Add(t.Context(), "T1", "", false)
	require.NoError(t, err)
	d := door.New(door.Config{Logger: slog.New(slog.DiscardHandler)})
	s.api.registerStatus(d)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "http://" + ln.Addr().String() + "/v1/status/stream"
	ctx, cancel := context.WithCancel(t.Context())
	served, ran := make(chan error, 1), make(chan struct{})
	go func() { served <- door.Serve(ctx, ln, d, slog.New(slog.DiscardHandler)) }()
	go func() { defer close(ran); s.api.Board.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-served)
		<-ran
	}
	t.Cleanup(s.stop)
	return s
}

// reader is one that has opened the stream.
type reader struct {
	t     *testing.T
	lines *bufio.Scanner
}

// get asks for the stream. Its body is closed with the test, or by closer.
func (s *screen) get(method, after string) (answer *http.Response, closer func()) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url, http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	if after != "" {
		request.Header.Set("Last-Event-ID", after)
	}
	answer, err = http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	closer = func() { _ = answer.Body.Close() }
	s.t.Cleanup(closer)
	return answer, closer
}

// status asks for the stream and looks at the answer's status only.
func (s *screen) status(method string) int {
	s.t.Helper()
	answer, closer := s.get(method, "") //nolint:bodyclose // closer does
	closer()
	return answer.StatusCode
}

func (s *screen) open(after string) *reader {
	s.t.Helper()
	answer, _ := s.get(http.MethodGet, after) //nolint:bodyclose // with the test
	require.Equal(s.t, http.StatusOK, answer.StatusCode)
	require.Equal(s.t, "text/event-stream", answer.Header.Get("Content-Type"))
	require.Equal(s.t, "no-store", answer.Header.Get("Cache-Control"))
	r := &reader{t: s.t, lines: bufio.NewScanner(answer.Body)}
	require.Equal(s.t, []string{"retry: 2000"}, r.block())
	return r
}

// block is what stands up to the next empty line; nil at the stream's end.
func (r *reader) block() (lines []string) {
	r.t.Helper()
	for r.lines.Scan() {
		if r.lines.Text() == "" {
			return lines
		}
		lines = append(lines, r.lines.Text())
	}
	require.NoError(r.t, r.lines.Err())
	return nil
}

// event is the next event, comments passed over.
func (r *reader) event() (id string, state board.State) {
	r.t.Helper()
	for {
		lines := r.block()
		require.NotNil(r.t, lines, "the stream has ended")
		if strings.HasPrefix(lines[0], ":") {
			continue
		}
		require.Len(r.t, lines, 3)
		require.Equal(r.t, "event: status", lines[1])
		data, found := strings.CutPrefix(lines[2], "data: ")
		require.True(r.t, found)
		require.NoError(r.t, json.Unmarshal([]byte(data), &state, json.RejectUnknownMembers(true)))
		return strings.TrimPrefix(lines[0], "id: "), state
	}
}

func TestAStreamTellsEachChange(t *testing.T) {
	s := openScreen(t, time.Hour)
	first, second := s.open(""), s.open("nonsense")
	id, state := first.event()
	require.Equal(t, "OFFLINE", state.Connectivity)
	require.Equal(t, "S1", state.StoreID)
	again, _ := second.event()
	require.Equal(t, id, again, "several may watch")
	s.line.Good()
	s.line.Good()
	online, state := first.event()
	require.Equal(t, "ONLINE", state.Connectivity)
	require.NotEqual(t, id, online)
	for range 3 {
		s.line.Failed(fault.New(fault.Unavailable, "hq_unreachable", "x"))
	}
	offline, state := first.event()
	require.Equal(t, "OFFLINE", state.Connectivity)
	require.Equal(t, 3, state.Health.Failures)
	require.Equal(t, "hq_unreachable", state.Health.LastErrorCode)

	back := s.open(id)
	missed, _ := back.event()
	require.Equal(t, online, missed)
	missed, _ = back.event()
	require.Equal(t, offline, missed)
}

func TestAStreamShowsThatItLivesAndEndsWithItsToken(t *testing.T) {
	s := openScreen(t, 20*time.Millisecond)
	r := s.open("")
	r.event()
	for range 3 {
		require.Equal(t, []string{": still here"}, r.block())
	}
	_, err := s.api.DB.Exec(t.Context(), "update terminals set revoked_at = now()")
	require.NoError(t, err)
	for lines := r.block(); lines != nil; lines = r.block() {
		require.Equal(t, []string{": still here"}, lines)
	}
	require.Equal(t, http.StatusUnauthorized, s.status(http.MethodGet))
}

// A stop does not wait for streams, which would never end by themselves.
func TestAStreamEndsWhenTheServerStops(t *testing.T) {
	s := openScreen(t, time.Hour)
	r := s.open("")
	r.event()
	begun := time.Now()
	s.stop()
	require.Less(t, time.Since(begun), 5*time.Second, "not the ten seconds that running requests are given")
	require.Nil(t, r.block(), "an end, and no broken connection")
}

func TestStreamsHaveALimitAndMakeRoom(t *testing.T) {
	s := openScreen(t, time.Hour)
	require.Equal(t, http.StatusOK, s.status(http.MethodHead))
	var leave func()
	for range 32 {
		var answer *http.Response
		answer, leave = s.get(http.MethodGet, "") //nolint:bodyclose // with the test
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
	answer, _ := s.get(http.MethodGet, "") //nolint:bodyclose // with the test
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `"code":"too_many_streams"`)
	leave()
	require.Eventually(t, func() bool { return s.status(http.MethodGet) == http.StatusOK }, 5*time.Second, 10*time.Millisecond, "who leaves makes room")
}

// A reader that takes nothing holds neither the board nor the other readers up.
func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	s := openScreen(t, time.Hour)
	conn, err := net.Dial("tcp", strings.Split(strings.TrimPrefix(s.url, "http://"), "/")[0])
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "GET /v1/status/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+s.token+"\r\n\r\n")
	require.NoError(t, err) // and it never reads
	r := s.open("")
	_, state := r.event()
	for range 4 {
		was := state.Connectivity
		for range 3 {
			if was == "ONLINE" {
				s.line.Failed(fault.New(fault.Unavailable, "x", "x"))
			} else {
				s.line.Good()
			}
		}
		if s.line.Online() == (was == "ONLINE") {
			break // the judge has seen enough of it
		}
		_, state = r.event()
		require.NotEqual(t, was, state.Connectivity)
	}
}
