package faults

import (
	"encoding/hex"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tiem/internal/sim"
)

// seenSpan is a span that reached the collector, and from which program.
type seenSpan struct {
	*otlp.Span

	service string
}

func (s seenSpan) id() string     { return hex.EncodeToString(s.GetSpanId()) }
func (s seenSpan) parent() string { return hex.EncodeToString(s.GetParentSpanId()) }
func (s seenSpan) end() time.Time { return time.Unix(0, int64(s.GetEndTimeUnixNano())) }
func (s seenSpan) start() time.Time {
	return time.Unix(0, int64(s.GetStartTimeUnixNano()))
}

// collected are the spans of one trace, by their names; it may be asked while
// more arrive.
type collected struct {
	mu    sync.Mutex
	spans []seenSpan
}

func (c *collected) of(traceID, name string) (found []seenSpan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) == traceID && s.GetName() == name {
			found = append(found, s)
		}
	}
	return found
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range request.GetResourceSpans() {
		service := ""
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range of.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, seenSpan{span, service})
			}
		}
	}
}

// A sale that is made while HQ is down is one trace, from the till's request to
// the commit at HQ, which is another process and comes later.
func TestOneTraceFromTheTillToHQAcrossAnOutage(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			seen := &collected{}
			export := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + serve(t, seen.ServeHTTP), "OTEL_BSP_SCHEDULE_DELAY=50"}
			s := openWith(t, sim.Options{EdgeEnv: append([]string{"SYNC_PROTOCOL=" + protocol}, export...), HQEnv: export})

			require.NoError(t, s.Halt(t.Context(), sim.HQServer))
			const traceID, tillsSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
			basket := s.paidBasket()
			_, err := s.till.Finalize(sim.WithTrace(t.Context(), "00-"+traceID+"-"+tillsSpan+"-01"), basket, sim.NewKey())
			require.NoError(t, err)
			require.Eventually(t, func() bool { return len(seen.of(traceID, "POST /v1/transactions/{id}/finalize")) == 1 }, patience, waitStep)
			require.Empty(t, seen.of(traceID, "uplink.deliver"), "HQ is down")
			outage := time.Now()
			s.restart(sim.HQServer)

			const events = 3 // of a sale: SaleRecorded, InventoryAdjusted, PaymentCaptured
			require.Eventually(t, func() bool {
				return len(seen.of(traceID, "uplink.deliver")) == events && len(seen.of(traceID, "intake.commit")) == events
			}, patience, waitStep)
			request := seen.of(traceID, "POST /v1/transactions/{id}/finalize")[0]
			require.Equal(t, tillsSpan, request.parent(), "the till's own span is the head of it")
			require.Equal(t, "store-edge", request.service)
			for _, delivered := range seen.of(traceID, "uplink.deliver") {
				require.Equal(t, request.id(), delivered.parent())
				require.Equal(t, "store-edge", delivered.service)
				require.True(t, delivered.start().Before(outage) && delivered.end().After(outage), "it took as long as HQ was down")
			}
			for _, committed := range seen.of(traceID, "intake.commit") {
				require.Equal(t, request.id(), committed.parent())
				require.Equal(t, "hq-platform", committed.service)
				require.True(t, committed.start().After(outage))
			}
			s.proven()
			edge := s.edge()
			defer edge.Close()
			status, err := edge.Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, protocol, status.Protocol)
		})
	}
}
