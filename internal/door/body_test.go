package door

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

// These tests talk to a real listener: sizes, chunks and deadlines are
// properties of a connection.

func (f *fixture) listen(t testing.TB) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server
}

// send writes raw to a new connection and reads one answer.
func send(t testing.TB, server *httptest.Server, raw string) answer {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, raw)
	require.NoError(t, err)
	return receive(t, conn)
}

func receive(t testing.TB, conn net.Conn) answer {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{Response: resp, text: string(text)}
}

const postSale = "POST /v1/sales HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

func chunked(body string) string {
	return "Transfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n0\r\n\r\n"
}

func sized(body string) string {
	return "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestBodyLimit(t *testing.T) {
	const limit = 100
	server := newFixture(t, func(c *Config) { c.BodyLimit = func(*http.Request) int64 { return limit } }).listen(t)
	fits := `{"amount":1}` + strings.Repeat(" ", limit-len(`{"amount":1}`))
	for name, write := range map[string]func(string) string{"sized": sized, "chunked": chunked} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, 200, send(t, server, postSale+write(fits)).StatusCode)
			a := send(t, server, postSale+write(fits+" "))
			require.InDelta(t, limit, a.problem(t, 413, "body_too_large")["limit"], 0)
			require.True(t, a.Close, "the rest of the body is not read")
		})
	}
	t.Run("announced", func(t *testing.T) { // refused before a byte of it is sent
		send(t, server, postSale+"Content-Length: 999999999999\r\n\r\n").problem(t, 413, "body_too_large")
	})
}

func TestBodyLimitDefaultsToOneMiB(t *testing.T) {
	server := newFixture(t).listen(t)
	fits := `{"amount":1}` + strings.Repeat(" ", 1<<20-len(`{"amount":1}`))
	require.Equal(t, 200, send(t, server, postSale+chunked(fits)).StatusCode)
	send(t, server, postSale+chunked(fits+" ")).problem(t, 413, "body_too_large")
}

func TestSlowBodyIs408(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.BodyTimeout = 50 * time.Millisecond })
	server := f.listen(t)
	for name, raw := range map[string]string{
		"sized":     postSale + "Content-Length: 20\r\n\r\n{\"amount\"",
		"chunked":   postSale + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"amo\r\n",
		"no body":   "POST /v1/sales/1/finalize HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n",
		"not begun": postSale + "Content-Length: 20\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, server, raw)
			a.problem(t, 408, "body_timeout")
			require.True(t, a.Close)
		})
	}
}

func TestBodyThatEndsEarlyIs400(t *testing.T) {
	server := newFixture(t).listen(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, postSale+"Content-Length: 20\r\n\r\n{\"amount\"")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	receive(t, conn).problem(t, 400, "body_incomplete")
}

// The body's deadline must not outlive the body, or net/http would take it for
// a vanished client and cancel the handler.
func TestHandlerMayTakeLongerThanTheBody(t *testing.T) {
	const timeout = 50 * time.Millisecond
	f := newFixture(t, func(c *Config) { c.BodyTimeout = timeout })
	Register(f.Door, huma.Operation{OperationID: "slow", Method: http.MethodPost, Path: "/v1/slow"},
		func(ctx context.Context, in *sampleIn) (*sampleOut, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(4 * timeout): // the time itself is under test
				return sampleSale(ctx, in)
			}
		})
	a := send(t, f.listen(t), strings.Replace(postSale, "/v1/sales", "/v1/slow", 1)+sized(`{"amount":1}`))
	require.Equal(t, 200, a.StatusCode, a.text)
}

func TestConnectionIsUsedAgain(t *testing.T) {
	server := newFixture(t, func(c *Config) { c.BodyTimeout = 50 * time.Millisecond }).listen(t)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for _, pause := range []time.Duration{0, 100 * time.Millisecond, 0} {
		time.Sleep(pause) // an idle connection outlives the body's deadline
		_, err = io.WriteString(conn, postSale+sized(`{"amount":1}`))
		require.NoError(t, err)
		resp, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
	}
}

func TestRawRouteReadsItsBodyBehindTheLimits(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.BodyLimit = func(r *http.Request) int64 {
			if r.URL.Path == "/raw" {
				return 10
			}
			return 0
		}
	})
	var streamed string
	var hash [32]byte
	f.Router().Post("/raw", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		streamed = string(data)
	})
	f.Router().Post("/raw/keyed", func(_ http.ResponseWriter, r *http.Request) {
		fp, _ := FingerprintOf(r.Context())
		data, _ := io.ReadAll(r.Body)
		hash, streamed = fp.Hash, string(data)
	})
	server := f.listen(t)
	raw := "POST /raw HTTP/1.1\r\nHost: x\r\n"
	require.Equal(t, 200, send(t, server, raw+chunked("0123456789")).StatusCode)
	require.Equal(t, "0123456789", streamed)
	send(t, server, raw+chunked("0123456789x")).problem(t, 413, "body_too_large")

	raw = "POST /raw/keyed HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\n"
	require.Equal(t, 200, send(t, server, raw+chunked("longer than ten")).StatusCode)
	require.Equal(t, "longer than ten", streamed, "the fingerprint leaves the body to the handler")
	require.Equal(t, hashOf("POST", "/raw/keyed", "longer than ten"), hash)
}
