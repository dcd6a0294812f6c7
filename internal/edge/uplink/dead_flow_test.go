package uplink

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// nat is a router between the shop and HQ that forgets its flows: what was open
// then carries nothing any more and is not reset, what is opened later works.
type nat struct {
	t        *testing.T
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	flows []net.Conn    // both ends
	dead  chan struct{} // closed: the flows of this generation are forgotten
}

func newNAT(t *testing.T, target string) *nat {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &nat{t: t, listener: listener, target: target, dead: make(chan struct{})}
	n.running.Go(n.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		n.mu.Lock()
		for _, c := range n.flows {
			_ = c.Close()
		}
		n.mu.Unlock()
		n.running.Wait()
	})
	return n
}

func (n *nat) accept() {
	for {
		shop, err := n.listener.Accept()
		if err != nil {
			return
		}
		hq, err := net.Dial("tcp", n.target)
		if err != nil {
			_ = shop.Close()
			return
		}
		n.mu.Lock()
		n.flows = append(n.flows, shop, hq)
		dead := n.dead
		n.mu.Unlock()
		n.running.Go(func() { carry(hq, shop, dead) })
		n.running.Go(func() { carry(shop, hq, dead) })
	}
}

// carry moves bytes until the flow is forgotten; then it swallows them.
func carry(to, from net.Conn, dead <-chan struct{}) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-dead:
			continue
		default:
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// forget makes all flows that are open now dead.
func (n *nat) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.dead)
	n.dead = make(chan struct{})
}

// A connection that died without a word costs one question and one batch, also
// over TLS to an HQ that speaks HTTP/2: the next one opens another.
func TestADeadFlowIsLeft(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			_, _ = io.WriteString(w, `{"status":"ready"}`)
			return
		}
		_, _ = io.WriteString(w, `{"accepted":1,"received_upto":1}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	router := newNAT(t, server.Listener.Addr().String())
	link, err := NewHTTPLink("https://"+router.listener.Addr().String(), "S1", "secret", time.Second)
	require.NoError(t, err)
	t.Cleanup(link.Close)
	trusted, ok := server.Client().Transport.(*http.Transport)
	require.True(t, ok)
	for _, client := range []*http.Client{link.client, link.probes} {
		transport, ok := client.Transport.(*http.Transport)
		require.True(t, ok)
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted.TLSClientConfig.RootCAs, ServerName: "example.com"}
	}
	ready := func() error {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		return link.Ready(ctx)
	}
	send := func() error {
		_, err := link.Send(t.Context(), &wire.Batch{StoreID: "S1", Epoch: 1, FirstID: 1})
		return err
	}
	require.NoError(t, ready())
	require.NoError(t, send())
	router.forget()
	require.Error(t, ready())
	require.Error(t, send())
	require.NoError(t, ready(), "on a connection of its own")
	require.NoError(t, send())
}
