package door

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// running is a server under test and the way to stop it.
type running struct {
	url  string
	stop context.CancelFunc
	done chan error
	log  *logBuffer
}

func start(t *testing.T, h http.Handler, drain time.Duration) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ln, err := Listen(ctx, "127.0.0.1:0")
	require.NoError(t, err)
	s := &running{url: "http://" + ln.Addr().String(), stop: stop, done: make(chan error, 1), log: &logBuffer{}}
	go func() { s.done <- serve(ctx, ln, h, slog.New(slog.NewJSONHandler(s.log, nil)), drain) }()
	t.Cleanup(stop)
	return s
}

func (s *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(20 * time.Second):
		require.Fail(t, "the server did not stop")
		return nil
	}
}

func get(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func TestShutdownFinishesWhatRuns(t *testing.T) {
	entered, draining := make(chan struct{}), make(chan struct{})
	f := newFixture(t)
	f.Router().Get("/slow", func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-Draining(r.Context()) // the server is stopping …
		close(draining)
		if r.Context().Err() == nil { // … and this request is not
			_, _ = io.WriteString(w, "finished")
		}
	})
	s := start(t, f, drainTimeout)
	answered := make(chan string, 1)
	go func() {
		text, err := get(t.Context(), s.url+"/slow")
		if err != nil {
			text = err.Error()
		}
		answered <- text
	}()
	<-entered
	s.stop()
	<-draining
	require.Equal(t, "finished", <-answered)
	require.NoError(t, s.wait(t))
	_, err := get(t.Context(), s.url+"/health")
	require.Error(t, err, "the listener is closed")
	require.Empty(t, s.log.String())
}

func TestShutdownCutsWhatHangs(t *testing.T) {
	entered, left := make(chan struct{}), make(chan struct{})
	s := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(left)
	}), 20*time.Millisecond)
	go func() { _, _ = get(t.Context(), s.url) }()
	<-entered
	s.stop()
	require.NoError(t, s.wait(t))
	<-left
	require.Len(t, s.log.lines(t, "requests were cut at shutdown"), 1)
}

func TestServeReportsALostListener(t *testing.T) {
	ln, err := Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	err = Serve(t.Context(), ln, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	require.Equal(t, "listener_failed", fault.CodeOf(err))
}

func TestListenExplainsItself(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	for addr, code := range map[string]string{
		taken.Addr().String(): "address_in_use", "nonsense": "address_invalid", "127.0.0.1:99999": "address_invalid", "": "",
	} {
		if addr == "" {
			continue
		}
		_, err := Listen(t.Context(), addr)
		require.Equal(t, code, fault.CodeOf(err), addr)
		require.Equal(t, fault.Config, fault.KindOf(err))
		require.Contains(t, fault.As(err).Message, addr)
		require.NotEmpty(t, fault.As(err).Hint)
	}
}

// A stream outlives the write deadline once it is kept open.
func TestKeepOpen(t *testing.T) {
	for _, keep := range []bool{true, false} {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(-time.Second))
			if keep {
				KeepOpen(w)
			}
			_, _ = io.WriteString(w, "streamed")
		}), drainTimeout)
		text, err := get(t.Context(), s.url)
		if keep {
			require.NoError(t, err)
			require.Equal(t, "streamed", text)
		} else {
			require.Error(t, err)
		}
		s.stop()
		require.NoError(t, s.wait(t))
	}
}

func TestPanicAfterTheAnswerBeganCutsIt(t *testing.T) {
	f := newFixture(t)
	f.Router().Get("/half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("too late")
	})
	s := start(t, f, drainTimeout)
	_, err := get(t.Context(), s.url+"/half")
	require.Error(t, err)
	s.stop()
	require.NoError(t, s.wait(t))
	line := f.log.last(t)
	require.Equal(t, true, line["cut"])
	require.Equal(t, "ERROR", line["level"])
	require.Contains(t, line["error"], "too late")
}
