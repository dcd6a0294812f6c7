package grpcapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// 4 MiB of empty events are refused by their number, with HQ's own word.
func TestABatchOfTooManyEvents(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 1)
	s, _ := h.greet(t, shop)
	m := wirepb.FromBatch(shop.All())
	m.Events = make([]*wirepb.Event, 1<<20)
	for i := range m.Events {
		m.Events[i] = &wirepb.Event{}
	}
	_ = s.rpc.Send(m) // HQ may have hung up before its end
	refusal := s.refused(wire.CodeBatchInvalid)
	require.Equal(t, fault.Invalid, refusal.Kind)
	require.Equal(t, "events", refusal.Field)
}

// A hello's types come back to the store: they are few, and names.
func TestAHelloOfTooManyTypes(t *testing.T) {
	h := setup(t)
	s := h.open(t, "Bearer "+h.tokens["S1"])
	said := hello(shopOf("S1", 0))
	said.SchemaVersions = map[string]int32{"no name": 1}
	s.say(wirepb.FromHello(said))
	require.Equal(t, "hello.schema_versions", s.refused(wire.CodeBatchInvalid).Field)
}
