package sim

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo is an HQ that says back what it hears; heard counts the bytes.
func echo(t *testing.T) (address string, heard *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	heard = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				buffer := make([]byte, 4096)
				for {
					n, err := conn.Read(buffer)
					heard.Add(int64(n))
					if _, bad := conn.Write(buffer[:n]); bad != nil || err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), heard
}

func newLine(t *testing.T, target string) *Line {
	t.Helper()
	l, err := NewLine(t.Context(), target)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// call is a connection of the shop's; whatever is never answered fails.
func call(t *testing.T, l *Line) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL(), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

// say sends text and reads the echo of it.
func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
	hear(t, conn, text)
}

func hear(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	_, err := io.ReadFull(conn, got)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
}

func requireReset(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, conn)
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// requireRefused calls somebody who hangs up; he may be faster than the dialler.
func requireRefused(t *testing.T, l *Line) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL(), "http://"))
	if err == nil {
		_, err = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestAWholeLineCarriesEverything(t *testing.T) {
	t.Parallel()
	address, heard := echo(t)
	l := newLine(t, address)
	conn := call(t, l)
	say(t, conn, "hello")
	long := strings.Repeat("0123456789abcdef", 64<<10)
	go func() { _, _ = io.WriteString(conn, long) }()
	hear(t, conn, long)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	rest, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Empty(t, rest, "an orderly end is passed on")
	require.EqualValues(t, 5+len(long), heard.Load())
	require.Zero(t, l.Mend(), "nobody felt anything")
}

func TestARefusedLineResetsOldAndNewConnections(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	l := newLine(t, address)
	open := call(t, l)
	say(t, open, "hello")
	l.Cut(Cut{Kind: Refused})
	requireReset(t, open)
	requireRefused(t, l)
	require.Equal(t, 2, l.Mend())
	say(t, call(t, l), "again")
}

// Nothing moves while the line is a black hole; afterwards what was sent
// arrives, even from somebody who has given up.
func TestABlackHoleDeliversLate(t *testing.T) {
	t.Parallel()
	address, heard := echo(t)
	l := newLine(t, address)
	open := call(t, l)
	say(t, open, "hello")
	l.Cut(Cut{Kind: BlackHole})
	_, err := io.WriteString(open, "one")
	require.NoError(t, err)
	fresh := call(t, l)
	_, err = io.WriteString(fresh, "two")
	require.NoError(t, err)
	require.NoError(t, fresh.Close(), "it gave up")
	require.NoError(t, open.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = open.Read(make([]byte, 1))
	var late net.Error
	require.True(t, errors.As(err, &late) && late.Timeout(), "%v", err)
	require.EqualValues(t, 5, heard.Load())
	require.Equal(t, 2, l.Mend())
	require.NoError(t, open.SetReadDeadline(time.Now().Add(20*time.Second)))
	hear(t, open, "one")
	require.Eventually(t, func() bool { return heard.Load() == 11 }, 20*time.Second, 5*time.Millisecond)
}

func TestARequestBreaksOffAtItsByte(t *testing.T) {
	t.Parallel()
	address, heard := echo(t)
	l := newLine(t, address)
	l.Cut(Cut{Kind: RequestCut, Bytes: 7})
	conn := call(t, l)
	say(t, conn, "four") // what gets through is answered
	_, err := io.WriteString(conn, "and more")
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, conn) // it ends: by HQ's hand or the line's, whoever is faster
	require.Eventually(t, func() bool { return heard.Load() == 7 }, 20*time.Second, 5*time.Millisecond, "not a byte more, not a byte less")
	require.Equal(t, 1, l.Mend())
}

func TestAnAnswerBreaksOffAtItsByte(t *testing.T) {
	t.Parallel()
	address, heard := echo(t)
	l := newLine(t, address)
	conn := call(t, l)
	l.Cut(Cut{Kind: AnswerCut, Bytes: 3})
	_, err := io.WriteString(conn, "question")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "que", string(answer))
	require.EqualValues(t, 8, heard.Load(), "HQ has heard all of it")
	require.Equal(t, 1, l.Mend())
}

func TestASlowLineCarriesAtItsRate(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	l := newLine(t, address)
	l.Cut(Cut{Kind: Slow, Rate: 5000})
	conn := call(t, l)
	begun := time.Now()
	say(t, conn, strings.Repeat("x", 1000))
	require.GreaterOrEqual(t, time.Since(begun), 200*time.Millisecond, "1,000 bytes at 5,000 a second")
	require.Equal(t, 1, l.Mend())
	say(t, conn, strings.Repeat("x", 1<<20)) // at 5,000 a second it would take minutes
}

// The ports of one line fail together, and share what a slow one carries.
func TestOneLineCarriesBothPorts(t *testing.T) {
	t.Parallel()
	api, heardAPI := echo(t)
	grpc, heardGRPC := echo(t)
	l, err := NewLine(t.Context(), api, grpc)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	settings := l.Settings("grpc")
	require.Equal(t, []string{"HQ_URL=" + l.URL(), "SYNC_PROTOCOL=grpc"}, []string{settings[0], settings[2]})
	require.Equal(t, settings[:2], l.Settings(""))
	target, ok := strings.CutPrefix(settings[1], "HQ_GRPC_TARGET=")
	require.True(t, ok)
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", target)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		return conn
	}
	one, other := call(t, l), dial()
	say(t, one, "to the API")
	say(t, other, "gRPC")
	require.EqualValues(t, 10, heardAPI.Load())
	require.EqualValues(t, 4, heardGRPC.Load())

	l.Cut(Cut{Kind: Refused})
	requireReset(t, one)
	requireReset(t, other)
	require.Equal(t, 2, l.Mend())

	one, other = call(t, l), dial()
	say(t, one, "a")
	say(t, other, "b")
	l.Cut(Cut{Kind: Slow, Rate: 5000})
	begun := time.Now()
	for _, conn := range []net.Conn{one, other, one, other} {
		_, err := conn.Write(make([]byte, 500))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return heardAPI.Load()+heardGRPC.Load() == 10+4+2+2000 }, 20*time.Second, time.Millisecond)
	require.GreaterOrEqual(t, time.Since(begun), 400*time.Millisecond, "2,000 bytes at 5,000 a second, both together")
}

// HQ is down: the shop notices at once.
func TestALineToNobody(t *testing.T) {
	t.Parallel()
	address, err := FreeAddress(t.Context())
	require.NoError(t, err)
	requireRefused(t, newLine(t, address))
}

func TestAClosedLineLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	l, err := NewLine(t.Context(), address)
	require.NoError(t, err)
	open := call(t, l)
	say(t, open, "hello")
	l.Cut(Cut{Kind: BlackHole})
	held := call(t, l)
	require.NoError(t, l.Close(), "it returns when every connection has ended")
	for _, conn := range []net.Conn{open, held} {
		_, err := io.Copy(io.Discard, conn)
		require.Error(t, err)
	}
}
