package grpcapi

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/logtest"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// A refusal that somebody must look into is a warning, and says what about.
func TestARefusalInTheLog(t *testing.T) {
	t.Parallel()
	no := func(kind fault.Kind, code string) *fault.Error { return fault.New(kind, code, "no") }
	for _, c := range []struct {
		refusal *fault.Error
		says    string
	}{
		{no(fault.Conflict, wire.CodeFork).With("at_id", int64(6)), `level=WARN msg="a stream was refused" store_id=S1 code=fork at_id=6` + "\n"},
		{no(fault.Conflict, wire.CodeFenced).With("epoch", int64(2)), "level=WARN msg=\"a stream was refused\" store_id=S1 code=fenced epoch=2\n"},
		{no(fault.Conflict, wire.CodeRewind), "level=WARN msg=\"a stream was refused\" store_id=S1 code=rewind\n"},
		{no(fault.Conflict, wire.CodeEventIDReused).With("at_id", int64(7)), "level=WARN msg=\"a stream was refused\" store_id=S1 code=event_id_reused at_id=7\n"},
		{no(fault.Conflict, wire.CodeGap), "level=INFO msg=\"a stream was refused\" store_id=S1 code=gap\n"},
		{no(fault.Invalid, "batch_invalid").At("events.epoch").With("at_id", int64(3)), "level=INFO msg=\"a stream was refused\" store_id=S1 code=batch_invalid field=events.epoch at_id=3\n"},
	} {
		var said bytes.Buffer
		s := &stream{server: &Server{log: slog.New(slog.NewTextHandler(&said, nil))}, storeID: "S1"}
		require.Error(t, s.farewell(t.Context(), endRefused, c.refusal))
		require.Contains(t, said.String(), c.says)
	}
}

// Whose token is worth nothing is known by the address.
func TestWhoseTokenIsRefused(t *testing.T) {
	said := &logtest.Log{}
	h := setup(t, func(p *Parts) { p.Logger = slog.New(slog.NewTextHandler(said, nil)) })
	_, err := h.open(t, "Bearer nobodys").rpc.Recv()
	require.Error(t, err)
	other := h.open(t, "Bearer "+h.tokens["S1"])
	other.say(wirepb.FromHello(hello(shopOf("S2", 1))))
	_, err = other.rpc.Recv()
	require.Error(t, err)
	h.stop()
	require.Contains(t, said.String(), `msg="a stream was refused" store_id="" code=token_invalid remote_address=bufconn`)
	require.Regexp(t, `msg="a stream was refused" store_id=S1 code=\w+ .*remote_address=bufconn`, said.String())
}
