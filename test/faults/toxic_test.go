package faults

import (
	"bytes"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// openOverToxiproxy is open with a toxiproxy between the edge and HQ: a line
// that was written by others than the one of package sim.
func openOverToxiproxy(t *testing.T) (*shop, *toxiproxy.Proxy) {
	t.Helper()
	var proxy *toxiproxy.Proxy
	s := openBehind(t, func(hq string) string {
		server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
		proxy = toxiproxy.NewProxy(server, "line", "127.0.0.1:0", hq)
		require.NoError(t, proxy.Start())
		t.Cleanup(proxy.Stop)
		return "http://" + proxy.Listen
	})
	return s, proxy
}

// poison puts a toxic on the way from the edge to HQ; connections that are open
// get it, too.
func poison(t *testing.T, proxy *toxiproxy.Proxy, kind string, attributes map[string]any) {
	t.Helper()
	toxic, err := json.Marshal(map[string]any{"name": kind, "type": kind, "stream": "upstream", "attributes": attributes})
	require.NoError(t, err)
	_, err = proxy.Toxics.AddToxicJson(bytes.NewReader(toxic))
	require.NoError(t, err)
}

// bitFlip is a toxic of our own: the first digit that follows Mark becomes
// another one, once. The batch can still be read, and says something else.
type bitFlip struct {
	Mark string `json:"mark"`

	mu   sync.Mutex
	done bool
}

// Pipe implements toxics.Toxic.
func (f *bitFlip) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			f.flip(chunk.Data)
			stub.Output <- chunk
		}
	}
}

func (f *bitFlip) flip(data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	digit := bytes.Index(data, []byte(f.Mark)) + len(f.Mark)
	if f.done || digit < len(f.Mark) || digit >= len(data) {
		return
	}
	data[digit] ^= 1 // '2' and '3' are one bit apart
	f.done = true
}

func init() { toxics.Register("bit_flip", &bitFlip{}) } //nolint:gochecknoinits // as toxiproxy's own
