package sim

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// HQ's own count says what it was sent twice. One that is no number, or not there,
// is not nothing.
func TestHQTellsWhatItWasSentTwice(t *testing.T) {
	t.Parallel()
	page := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	hq := NewHQClient(server.URL, "")
	t.Cleanup(hq.Close)

	page = "# TYPE tiem_events_received_total counter\n" + `tiem_events_received_total{result="accepted"} 1.2e+06` + "\n" +
		`tiem_events_received_total{result="duplicate"} 1.000028e+06` + "\n" + `tiem_events_received_total{result="error"} 2` + "\n"
	n, err := hq.Duplicates(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1_000_028, n)
	for _, page = range []string{"", "\n7\n", "\n" + `tiem_events_received_total{result="duplicate"} many` + "\n"} {
		_, err = hq.Duplicates(t.Context())
		require.Equal(t, "answer_unreadable", fault.CodeOf(err), page)
	}
}

// The count of an HQ that is killed dies with it: it is taken before. The edge's
// death takes nothing.
func TestWhatHQCountedIsTakenBeforeItIsKilled(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("\n" + `tiem_events_received_total{result="duplicate"} 7` + "\n"))
	}))
	t.Cleanup(page.Close)
	in := &Installation{hq: &server{part: HQServer}, edge: &server{part: EdgeServer}, store: Store{HQURL: page.URL}}
	for part, want := range map[Part]int64{HQServer: 7, EdgeServer: 0} {
		k := newKiller(in, NewLedger(), []Strike{{Part: part}}, t.Logf)
		require.Equal(t, "not_running", fault.CodeOf(k.run(t.Context())), "there is nobody to kill")
		require.Equal(t, want, k.redelivered, part)
	}
}
