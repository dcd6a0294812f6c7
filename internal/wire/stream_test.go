package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// heldUpto is an HQ that holds events 1 to upto of log, and has read what it
// holds of the ids from to last.
func heldUpto(log *wire.Batch, upto, from, last int64) *wire.Held {
	h := &wire.Held{Known: true, Epoch: 1, ReceivedUpto: upto}
	for i := range log.Events {
		e := &log.Events[i]
		if e.ID == upto {
			h.ChainHash = e.Hash
		}
		if e.ID <= upto && e.ID >= from && e.ID <= last {
			h.Run = append(h.Run, wire.HeldEvent{ID: e.ID, Hash: e.Hash})
		}
	}
	return h
}

// part is the events first to last of log, as a batch of their own.
func part(log *wire.Batch, first, last int64) *wire.Batch {
	b := &wire.Batch{StoreID: log.StoreID, Epoch: log.Epoch, FirstID: first, Events: append([]wire.Event{}, log.Events[first-1:last]...)}
	if first > 1 {
		b.PrevHash = log.Events[first-2].Hash
	}
	return b
}

// judge compares the batch with an HQ that holds 1 to upto of log.
func judge(log *wire.Batch, upto int64, b *wire.Batch, change func(*wire.Held)) error {
	h := heldUpto(log, upto, b.FirstID-1, b.LastID())
	if change != nil {
		change(h)
	}
	return h.Judge(b, b.BrokenAt())
}

// refused asks for a refusal with code and kind, a hint, and a detail.
func refused(t *testing.T, err error, kind fault.Kind, code, detail string, value any) {
	t.Helper()
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err))
	require.NotEmpty(t, fault.As(err).Hint)
	if detail != "" {
		require.Equal(t, value, fault.As(err).Details[detail])
	}
}

func TestJudgeLetsThroughWhatFits(t *testing.T) {
	log := batch(1, 9)
	for name, c := range map[string]struct{ upto, first, last int64 }{
		"the first batch":         {0, 1, 3},
		"the next batch":          {5, 6, 9},
		"an overlap":              {5, 4, 9},
		"all of it a second time": {5, 2, 5},
		"from the beginning":      {5, 1, 9},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, judge(log, c.upto, part(log, c.first, c.last), nil))
		})
	}
}

func TestJudgeRefuses(t *testing.T) {
	log := batch(1, 9)
	t.Run("a store that HQ does not know", func(t *testing.T) {
		b := part(log, 1, 3)
		refused(t, (&wire.Held{}).Judge(b, 0), fault.NotFound, wire.CodeStoreUnknown, "", nil)
	})
	t.Run("an older epoch", func(t *testing.T) {
		refused(t, judge(log, 5, part(log, 6, 9), func(h *wire.Held) { h.Epoch = 2 }), fault.Conflict, wire.CodeFenced, "epoch", int64(2))
	})
	t.Run("an epoch that HQ never issued", func(t *testing.T) {
		b := part(log, 6, 9)
		b.Epoch = 2
		refused(t, judge(log, 5, b, nil), fault.Conflict, wire.CodeFenced, "epoch", int64(1))
	})
	t.Run("a gap", func(t *testing.T) {
		err := judge(log, 5, part(log, 7, 9), nil)
		refused(t, err, fault.Conflict, wire.CodeGap, "expected_id", int64(6))
		require.Equal(t, log.Events[4].Hash, fault.As(err).Details["chain_hash"])
	})
	t.Run("a gap in front of everything", func(t *testing.T) {
		err := judge(log, 0, part(log, 2, 3), nil)
		refused(t, err, fault.Conflict, wire.CodeGap, "expected_id", int64(1))
		require.Equal(t, wire.Hash{}, fault.As(err).Details["chain_hash"])
	})
	t.Run("a changed byte", func(t *testing.T) {
		b := part(log, 6, 9)
		b.Events[2].Payload += " "
		refused(t, judge(log, 5, b, nil), fault.Invalid, wire.CodeHashMismatch, "at_id", int64(8))
	})
	for name, c := range map[string]struct{ first, changed int64 }{
		"another event before the batch": {6, 5},
		"another event in the overlap":   {3, 4},
		"another event at the mark":      {3, 5},
		"another first event":            {1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			err := judge(log, 5, part(log, c.first, 9), func(h *wire.Held) {
				for i := range h.Run {
					if h.Run[i].ID == c.changed {
						h.Run[i].Hash[31] ^= 1
					}
				}
			})
			refused(t, err, fault.Conflict, wire.CodeFork, "at_id", c.changed)
		})
	}
}

// Whatever else is wrong with a batch, the earlier rule speaks.
func TestJudgeKeepsTheContractsOrder(t *testing.T) {
	log := batch(1, 9)
	everything := []struct {
		code   string
		damage func(h *wire.Held, b *wire.Batch)
	}{
		{wire.CodeStoreUnknown, func(h *wire.Held, _ *wire.Batch) { h.Known = false }},
		{wire.CodeFenced, func(h *wire.Held, _ *wire.Batch) { h.Epoch = 3 }},
		{wire.CodeGap, func(h *wire.Held, _ *wire.Batch) { h.ReceivedUpto = 2 }},
		{wire.CodeHashMismatch, func(_ *wire.Held, b *wire.Batch) { b.Events[3].Hash[0] ^= 1 }},
		{wire.CodeFork, func(h *wire.Held, _ *wire.Batch) { h.Run[0].Hash[0] ^= 1 }},
	}
	for from := range everything {
		b := part(log, 4, 9)
		h := heldUpto(log, 5, b.FirstID-1, b.LastID())
		for _, rule := range everything[from:] {
			rule.damage(h, b)
		}
		require.Equal(t, everything[from].code, fault.CodeOf(h.Judge(b, b.BrokenAt())))
	}
}

// hello is what the store with log says.
func hello(log *wire.Batch) *wire.Hello {
	h := &wire.Hello{StoreID: "S1", Epoch: 1, Head: int64(len(log.Events)), OldestRetained: 1}
	if h.Head > 0 {
		h.HeadHash = log.Events[h.Head-1].Hash
	}
	return h
}

func TestGreet(t *testing.T) {
	log := batch(1, 9)
	short := &wire.Batch{Events: log.Events[:4]}
	other := batch(1, 9)
	other.Events[3].Hash[0] ^= 1
	for name, c := range map[string]struct {
		store  *wire.Batch // what the store says that it has
		upto   int64       // what HQ has of log
		change func(h *wire.Held, hello *wire.Hello)
		code   string
		detail string
		value  any
	}{
		"nothing anywhere":                   {store: &wire.Batch{}, upto: 0},
		"a backlog":                          {store: log, upto: 5},
		"HQ has it all":                      {store: log, upto: 9},
		"unknown":                            {store: log, upto: 5, change: func(h *wire.Held, _ *wire.Hello) { h.Known = false }, code: wire.CodeStoreUnknown},
		"fenced":                             {store: log, upto: 5, change: func(h *wire.Held, _ *wire.Hello) { h.Epoch = 2 }, code: wire.CodeFenced, detail: "epoch", value: int64(2)},
		"an epoch to come":                   {store: log, upto: 5, change: func(_ *wire.Held, hello *wire.Hello) { hello.Epoch = 2 }, code: wire.CodeFenced, detail: "epoch", value: int64(1)},
		"restored from a backup":             {store: short, upto: 9, code: wire.CodeRewind, detail: "received_upto", value: int64(9)},
		"restored to nothing":                {store: &wire.Batch{}, upto: 9, code: wire.CodeRewind, detail: "chain_hash", value: log.Events[8].Hash},
		"restored, and has sold on":          {store: &wire.Batch{Events: other.Events[:4]}, upto: 9, code: wire.CodeFork, detail: "at_id", value: int64(4)},
		"restored, and has sold just as far": {store: &wire.Batch{Events: other.Events[:4]}, upto: 4, code: wire.CodeFork, detail: "at_id", value: int64(4)},
		"fenced before fork":                 {store: &wire.Batch{Events: other.Events[:4]}, upto: 9, change: func(h *wire.Held, _ *wire.Hello) { h.Epoch = 2 }, code: wire.CodeFenced},
	} {
		t.Run(name, func(t *testing.T) {
			said := hello(c.store)
			require.NoError(t, said.Validate())
			h := heldUpto(log, c.upto, said.Head, said.Head)
			if c.change != nil {
				c.change(h, said)
			}
			err := h.Greet(said)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			kind := fault.Conflict
			if c.code == wire.CodeStoreUnknown {
				kind = fault.NotFound
			}
			refused(t, err, kind, c.code, c.detail, c.value)
		})
	}
}

// Only the hello's own head is compared, whatever else HQ has read.
func TestGreetComparesTheHead(t *testing.T) {
	log := batch(1, 9)
	said := hello(&wire.Batch{Events: log.Events[:4]})
	h := heldUpto(log, 4, 1, 4)
	require.NoError(t, h.Greet(said))
	h.Run[3].Hash[0] ^= 1
	refused(t, h.Greet(said), fault.Conflict, wire.CodeFork, "at_id", int64(4))
}

func TestHelloValidate(t *testing.T) {
	for field, change := range map[string]func(*wire.Hello){
		"hello.store_id":        func(h *wire.Hello) { h.StoreID = "S-1" },
		"hello.epoch":           func(h *wire.Hello) { h.Epoch = 0 },
		"hello.head":            func(h *wire.Hello) { h.Head = -1 },
		"hello.head_hash":       func(h *wire.Hello) { h.Head = 0 },
		"hello.oldest_retained": func(h *wire.Hello) { h.OldestRetained = -1 },
	} {
		said := hello(batch(1, 3))
		require.NoError(t, said.Validate())
		change(said)
		err := said.Validate()
		require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
		require.Equal(t, field, fault.As(err).Field)
	}
}

// HQ repeats the types that it cannot read: they are few, and names.
func TestAHellosTypesAreBounded(t *testing.T) {
	types := func(n int) map[string]int32 {
		m := map[string]int32{}
		for i := range n {
			m[strings.Repeat("a", 62)+string(rune('A'+i/26))+string(rune('A'+i%26))] = 1
		}
		return m
	}
	said := hello(batch(1, 3))
	said.SchemaVersions = types(100)
	require.NoError(t, said.Validate())
	for _, m := range []map[string]int32{types(101), {"": 1}, {strings.Repeat("a", 65): 1}, {"a b": 1}, {"Tiệm": 1}} {
		said.SchemaVersions = m
		err := said.Validate()
		require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
		require.Equal(t, "hello.schema_versions", fault.As(err).Field)
	}
}
