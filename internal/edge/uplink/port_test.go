package uplink

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/line"
	"tiem/internal/fault"
	"tiem/internal/wire"
)

// HQ's gRPC port is blocked, there is no second way, and the probes over HTTP are
// good: the line is ONLINE, and stays so. What is not sent is told as the relay's
// last failure, until HQ has acknowledged it.
func TestAPortThatIsBlockedIsNotTheLine(t *testing.T) {
	play(t, Config{RetryMax: time.Second}, func(s *stage) {
		hand()
		s.relay.detour.ways.Second = nil
		changes, since := s.line.Changes(), s.line.Status().Since
		s.grpc.deaf = errLine
		s.grpc.now().say(errLine)
		s.sell(1)
		begun := time.Now()
		pass(30 * time.Second)
		require.Greater(t, len(s.grpc.opened), 20)
		require.Empty(t, s.http.opened)
		require.Empty(t, changes)
		require.Equal(t, line.Status{Online: true, Since: since, HQLastOK: s.line.Status().HQLastOK}, s.line.Status())
		require.Nil(t, s.relay.Status().Alarm)
		require.Equal(t, &Alarm{Code: "hq_unreachable", Message: "the cable is out", Since: begun}, s.relay.LastError())

		s.grpc.deaf = nil
		pass(time.Second)
		require.NotNil(t, s.relay.LastError(), "a welcome acknowledges nothing")
		s.grpc.now().ack(2)
		require.Nil(t, s.relay.LastError())
	})
}

// The log says what is blocked: HQ, or only its port for gRPC.
func TestTheLogTellsThePortFromHQ(t *testing.T) {
	const port = `"msg":"relay: HQ's gRPC port cannot be used, and the line is ONLINE; waiting to try again","hq_down":false`
	refused := fault.New(fault.Unavailable, "database_unavailable", "HQ's own word")
	for name, c := range map[string]struct {
		protocol string
		online   bool
		probes   int // that failed since
		err      error
		says     string
	}{
		"only gRPC is blocked":    {wire.GRPC, true, 0, errLine, port},
		"a proxy":                 {wire.GRPC, true, 0, errProxy, port},
		"everything is":           {wire.GRPC, false, 0, errLine, `"msg":"relay: waiting to try again","hq_down":true`},
		"a probe has failed, too": {wire.GRPC, true, 1, errLine, `"msg":"relay: waiting to try again","hq_down":true`},
		"HTTP fails":              {wire.HTTP, true, 0, errLine, `"msg":"relay: waiting to try again","hq_down":true`},
		"HQ itself has a trouble": {wire.GRPC, true, 0, refused, `"msg":"relay: waiting to try again","hq_down":true`},
		"our own database":        {wire.GRPC, true, 0, own(errLine), `"msg":"relay: waiting to try again","hq_down":false`},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			l := line.New(line.Config{})
			if c.online {
				l.Good()
				l.Good()
			}
			for range c.probes {
				l.Failed(errLine)
			}
			over := &actor{protocol: c.protocol}
			r := New(&paper{}, nil, Ways{First: over}, Config{Line: l}, slog.New(slog.NewJSONHandler(&said, nil)))
			ctx, stop := context.WithCancel(t.Context())
			stop()
			r.backOff(ctx, &pace{attempts: 1}, over, c.err)
			require.Contains(t, said.String(), c.says)
		})
	}
}
