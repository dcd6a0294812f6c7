package trace_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	otel "go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"tiem/internal/fault"
	"tiem/internal/trace"
)

func TestABadEndpointIsNamed(t *testing.T) {
	for _, endpoint := range []string{"127.0.0.1:4318", "localhost", "grpc://127.0.0.1:4317", "http://", "http://user:secret@127.0.0.1:4318", "::",
		"http://127.0.0.1:4318/?api_key=secret", "http://127.0.0.1:4318?", "http://127.0.0.1:4318/#secret", "http://127.0.0.1:4318#"} {
		err := trace.Config{Endpoint: endpoint}.Check()
		require.Equal(t, "setting_invalid", fault.CodeOf(err), endpoint)
		require.Equal(t, "OTEL_EXPORTER_OTLP_ENDPOINT", fault.As(err).Field)
		require.Equal(t, 78, fault.ExitCode(err))
		require.NotContains(t, err.Error(), "secret")
	}
	for _, endpoint := range []string{"", "http://127.0.0.1:4318", "https://collector.example/otlp/"} {
		require.NoError(t, trace.Config{Endpoint: endpoint}.Check(), endpoint)
	}
}

func TestWithoutAnEndpointNothingBegins(t *testing.T) {
	stop, err := trace.Config{}.Start(t.Context(), "store-edge", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.False(t, trace.Exporting())
	stop()
}

// What waits is sent when the program stops, with the program's name.
func TestStopSendsWhatWaits(t *testing.T) {
	var mu sync.Mutex
	var got []*collector.ExportTraceServiceRequest
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil && r.URL.Path == "/base/v1/traces" && proto.Unmarshal(body, &request) == nil {
			mu.Lock()
			got = append(got, &request)
			mu.Unlock()
		}
	}))
	t.Cleanup(server.Close)
	var said bytes.Buffer
	stop, err := trace.Config{Endpoint: server.URL + "/base/"}.Start(t.Context(), "store-edge", slog.New(slog.NewTextHandler(&said, nil)), trace.Store("S1"))
	require.NoError(t, err)
	trace.Record(sampled, "uplink.deliver", otel.SpanKindProducer, time.Now(), time.Now())
	stop()
	require.False(t, trace.Exporting())
	require.NotContains(t, said.String(), "level=WARN")
	require.Len(t, got, 1)
	resource := got[0].GetResourceSpans()[0]
	require.Equal(t, "uplink.deliver", resource.GetScopeSpans()[0].GetSpans()[0].GetName())
	about := map[string]string{}
	for _, a := range resource.GetResource().GetAttributes() {
		about[a.GetKey()] = a.GetValue().GetStringValue()
	}
	require.Equal(t, "store-edge", about["service.name"])
	require.Equal(t, "S1", about["tiem.store_id"])
	require.Equal(t, "opentelemetry", about["telemetry.sdk.name"])
}

// A collector that is away costs spans and a warning, and never an error; the
// program stops all the same.
func TestACollectorThatIsAwayIsAWarning(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	var said bytes.Buffer
	stop, err := trace.Config{Endpoint: server.URL}.Start(t.Context(), "hq-platform", slog.New(slog.NewTextHandler(&said, nil)))
	require.NoError(t, err)
	trace.Record(sampled, "intake.commit", otel.SpanKindConsumer, time.Now(), time.Now())
	stop()
	require.Contains(t, said.String(), "some were not exported")
}
