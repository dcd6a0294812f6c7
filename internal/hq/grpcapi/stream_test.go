package grpcapi

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

func value(t *testing.T, metric prometheus.Metric) float64 {
	t.Helper()
	var m dto.Metric
	require.NoError(t, metric.Write(&m))
	return m.GetCounter().GetValue() + m.GetGauge().GetValue()
}

func TestTheWelcomeSaysWhereToGoOn(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 2)
	_, err := h.intake.Accept(t.Context(), shop.Batch(1, 4))
	require.NoError(t, err)

	s := h.open(t, "bearer "+h.tokens["S1"])
	greeting := hello(shop)
	greeting.SchemaVersions = map[string]int32{wire.TypeSaleRecorded: 1, "FromTheFuture": 3}
	s.say(wirepb.FromHello(greeting))
	welcome := s.hear()
	require.EqualValues(t, 4, welcome.ReceivedUpto)
	require.Equal(t, shop.HashAt(4), welcome.ChainHash)
	require.Equal(t, wire.FirstCredit, welcome.Credit)
	require.Zero(t, welcome.FirstID)
	require.Equal(t, &wire.Welcome{Epoch: 1, UnreadableTypes: []string{"FromTheFuture"}}, welcome.Welcome)
	require.InDelta(t, 1, value(t, h.metrics.open), 0)
	s.closed()
	require.Eventually(t, func() bool { return h.ended(t, endClosed) == 1 && value(t, h.metrics.open) == 0 }, patience, time.Millisecond)
}

func TestATokenDecidesWhoSpeaks(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 1)
	for name, c := range map[string]struct {
		header, code string
		kind         fault.Kind
	}{
		"no token":      {"", "token_missing", fault.Unauthorized},
		"no bearer":     {"Basic " + h.tokens["S1"], "token_missing", fault.Unauthorized},
		"a wrong token": {"Bearer x" + h.tokens["S1"], "token_invalid", fault.Unauthorized},
		"another's":     {"Bearer " + h.tokens["S2"], wire.CodeStoreForbidden, fault.Forbidden},
	} {
		s := h.open(t, c.header)
		_ = s.rpc.Send(wirepb.FromHello(hello(shop))) // HQ may have hung up already
		require.Equal(t, c.kind, s.refused(c.code).Kind, name)
	}
	s, _ := h.greet(t, shopOf("S2", 0))
	s.send(shop.All())
	_ = s.refused(wire.CodeStoreForbidden)
	require.Zero(t, h.count(t, "select count(*) from hq_inbox"))
	require.InDelta(t, 5, h.ended(t, endRefused), 0)
}

func TestEachBatchHasOneAnswerInOrderAfterCommit(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 4)
	s, _ := h.greet(t, shop)
	s.send(shop.Batch(1, 3))
	s.send(shop.Batch(2, 8)) // an overlap
	for _, want := range []struct {
		first, upto          int64
		accepted, duplicates int
	}{{1, 3, 3, 0}, {2, 8, 5, 2}} {
		a := s.hear()
		require.Equal(t, []int64{want.first, want.upto}, []int64{a.FirstID, a.ReceivedUpto})
		require.Equal(t, shop.HashAt(want.upto), a.ChainHash)
		require.Len(t, a.AcceptedIDs, want.accepted)
		require.Len(t, a.DuplicateIDs, want.duplicates)
		require.Equal(t, shop.Events[want.upto-1].EventID, a.AcceptedIDs[want.accepted-1])
		require.Nil(t, a.Welcome)
		require.GreaterOrEqual(t, h.count(t, "select max(id) from hq_inbox"), want.upto)
	}
}

func TestARefusalEndsTheStreamAndNothingBehindItIsStored(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 6)
	_, err := h.intake.Accept(t.Context(), shop.Batch(1, 3))
	require.NoError(t, err)
	broken := shop.Batch(7, 9)
	broken.Events = append([]wire.Event{}, broken.Events...)
	broken.Events[1].Payload += " "
	headless := shop.Batch(7, 9)
	headless.Events = headless.Events[1:]
	fork := shop.Batch(7, 9)
	fork.PrevHash[0] ^= 1
	fork.Events = append([]wire.Event{}, fork.Events...)
	rehash(fork)
	for name, c := range map[string]struct {
		batch  *wire.Batch
		code   string
		status codes.Code
		detail string
		value  any
	}{
		"a gap":         {shop.Batch(8, 9), wire.CodeGap, codes.OutOfRange, "expected_id", int64(7)},
		"a changed bit": {broken, wire.CodeHashMismatch, codes.InvalidArgument, "at_id", int64(8)},
		"a fork":        {fork, wire.CodeFork, codes.FailedPrecondition, "at_id", int64(6)},
		"fenced":        {epoch(shop.Batch(7, 9), 2), wire.CodeFenced, codes.FailedPrecondition, "epoch", int64(1)},
		"holed":         {headless, wire.CodeBatchInvalid, codes.InvalidArgument, "", nil},
		"empty":         {&wire.Batch{StoreID: "S1", Epoch: 1, FirstID: 7}, wire.CodeBatchInvalid, codes.InvalidArgument, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, welcome := h.greet(t, shop)
			if welcome.ReceivedUpto == 3 {
				s.send(shop.Batch(4, 6))
				require.EqualValues(t, 6, s.hear().ReceivedUpto)
			}
			s.send(c.batch)
			_ = s.rpc.Send(wirepb.FromBatch(shop.Batch(7, 12))) // right, but behind the refused one
			_, err := s.rpc.Recv()
			require.Equal(t, c.status, status.Code(err), "%v", err)
			refusal := wirepb.Refusal(status.Convert(err))
			require.NotNil(t, refusal)
			require.Equal(t, c.code, refusal.Code)
			if c.code != wire.CodeBatchInvalid {
				require.NotEmpty(t, refusal.Hint)
			}
			if c.detail != "" {
				require.Equal(t, c.value, refusal.Details[c.detail])
			}
			if c.code == wire.CodeGap {
				require.Equal(t, shop.HashAt(6), refusal.Details["chain_hash"])
			}
			require.EqualValues(t, 6, h.count(t, "select count(*) from hq_inbox"))
		})
	}
}

func epoch(b *wire.Batch, n int64) *wire.Batch { b.Epoch = n; return b }

func rehash(b *wire.Batch) {
	prev := b.PrevHash
	for i := range b.Events {
		b.Events[i].Hash = b.Events[i].Chain(prev)
		prev = b.Events[i].Hash
	}
}

func TestAnEventIDThatIsUsedTwice(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 2)
	batch := shop.All()
	batch.Events[4].EventID = batch.Events[2].EventID
	rehash(batch)
	s, _ := h.greet(t, shopOf("S1", 0))
	s.send(batch)
	require.EqualValues(t, 5, s.refused(wire.CodeEventIDReused).Details["at_id"])
	require.Zero(t, h.count(t, "select count(*) from hq_inbox"))
}

func TestAHelloOfAnotherHistory(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 3)
	_, err := h.intake.Accept(t.Context(), shop.Batch(1, 6))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*wire.Hello)
		code   string
	}{
		"restored from an older backup": {func(g *wire.Hello) { g.Head, g.HeadHash = 3, shop.HashAt(3) }, wire.CodeRewind},
		"restored, and sold on":         {func(g *wire.Hello) { g.Head, g.HeadHash = 6, wire.Hash{1} }, wire.CodeFork},
		"another box took over":         {func(g *wire.Hello) { g.Epoch = 3 }, wire.CodeFenced},
		"a hash of the wrong length":    {func(g *wire.Hello) { g.Head = -1 }, wire.CodeBatchInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			greeting := hello(shop)
			c.change(greeting)
			s := h.open(t, "Bearer "+h.tokens["S1"])
			s.say(wirepb.FromHello(greeting))
			refusal := s.refused(c.code)
			if c.code == wire.CodeRewind {
				require.EqualValues(t, 6, refusal.Details["received_upto"])
				require.Equal(t, shop.HashAt(6), refusal.Details["chain_hash"])
			}
		})
	}
}

func TestAMessageIsOneThing(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 1)
	greeting, events, ask := wirepb.FromHello(hello(shop)), wirepb.FromBatch(shop.All()), &wirepb.EventBatch{Ask: &wirepb.Ask{}}
	both := wirepb.FromBatch(shop.All())
	both.Ask = &wirepb.Ask{}
	helloWithEvents := wirepb.FromBatch(shop.All())
	helloWithEvents.Hello = greeting.GetHello()
	helloWithAsk := &wirepb.EventBatch{Hello: greeting.GetHello(), Ask: &wirepb.Ask{}}
	shortHash := &wirepb.EventBatch{Hello: &wirepb.Hello{StoreId: "S1", Epoch: 1, HeadHash: []byte{1}}}
	shortID := wirepb.FromBatch(shop.All())
	shortID.Events[0].EventId = []byte("short")
	for name, messages := range map[string][]*wirepb.EventBatch{
		"events first":        {events},
		"an ask first":        {ask},
		"nothing first":       {{}},
		"two hellos":          {greeting, greeting},
		"an ask with events":  {greeting, both},
		"a hello with events": {helloWithEvents},
		"a hello with an ask": {helloWithAsk},
		"half a hash":         {shortHash},
		"half an id":          {greeting, shortID},
		"nothing":             {greeting, {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := h.open(t, "Bearer "+h.tokens["S1"])
			s.say(messages[0])
			if len(messages) > 1 {
				require.NotNil(t, s.hear().Welcome)
				s.say(messages[1])
			}
			require.Equal(t, fault.Invalid, s.refused(wire.CodeBatchInvalid).Kind)
		})
	}
	require.Zero(t, h.count(t, "select count(*) from hq_inbox"))
}

func TestAMessageOver4MiB(t *testing.T) {
	h := setup(t)
	shop := hqtest.NewShop("S1")
	s, _ := h.greet(t, shop)
	batch := shopOf("S1", 1).All()
	batch.Events[0].Payload = `"` + strings.Repeat(" ", wire.MaxBatchBytes) + `"`
	_ = s.rpc.Send(wirepb.FromBatch(batch)) // HQ may have hung up before its end
	_, err := s.rpc.Recv()
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.Nil(t, wirepb.Refusal(status.Convert(err)), "it is gRPC's own word, as from any server")
}

// noise is a codec that sends bytes as they are.
type noise struct{}

func (noise) Marshal(v any) ([]byte, error) { return v.([]byte), nil } //nolint:forcetypeassert // the test's own

func (noise) Unmarshal([]byte, any) error { return nil }

func (noise) Name() string { return "proto" }

func TestBytesThatAreNoMessage(t *testing.T) {
	h := setup(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+h.tokens["S1"])
	rpc, err := h.dial(t).NewStream(ctx, &wirepb.SyncService_ServiceDesc.Streams[0], wirepb.SyncService_StreamEvents_FullMethodName, grpc.ForceCodec(noise{}))
	require.NoError(t, err)
	require.NoError(t, rpc.SendMsg([]byte{0x0a, 0xff}))
	err = rpc.RecvMsg(nil)
	require.Equal(t, codes.Internal, status.Code(err))
	require.Nil(t, wirepb.Refusal(status.Convert(err)), "it is gRPC's own word, as from any server")
	require.Eventually(t, func() bool { return h.ended(t, endRefused)+h.ended(t, endLost) == 1 }, patience, time.Millisecond)
}

func TestAnAskIsAnsweredBehindTheBatchesBeforeIt(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 2)
	s, _ := h.greet(t, shop)
	release := h.hold(t)
	s.send(shop.Batch(1, 3))
	s.say(&wirepb.EventBatch{Ask: &wirepb.Ask{}}, &wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: true, Head: 77}})
	s.send(shop.Batch(4, 6))
	release()
	for i, want := range []int64{1, 0, 0, 4} {
		a := s.hear()
		require.Equal(t, want, a.FirstID, i)
		require.GreaterOrEqual(t, a.Credit, wire.FirstCredit)
	}
	require.EqualValues(t, 77, h.count(t, "select claimed_head from store_streams where store_id = 'S1'"))
}

// A sign of life needs no database; HQ's word for its watermark is the database's.
func TestWhatAnAskLooksAt(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 2)
	s, _ := h.greet(t, shop)
	_, err := h.intake.Accept(t.Context(), shop.Batch(1, 3)) // by another way
	require.NoError(t, err)
	s.say(&wirepb.EventBatch{Ask: &wirepb.Ask{}})
	require.Zero(t, s.hear().ReceivedUpto, "what this stream knows")
	s.say(&wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: true, Head: 6}})
	a := s.hear()
	require.EqualValues(t, 3, a.ReceivedUpto)
	require.Equal(t, shop.HashAt(3), a.ChainHash)
	s.say(&wirepb.EventBatch{Ask: &wirepb.Ask{}})
	require.EqualValues(t, 3, s.hear().ReceivedUpto)
}

func TestAReplacedTokenEndsTheStream(t *testing.T) {
	h := setup(t)
	s, _ := h.greet(t, shopOf("S1", 0))
	_, err := h.parts.Fleet.Rotate(t.Context(), "S1")
	require.NoError(t, err)
	s.say(&wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: true}})
	_ = s.refused("token_invalid")
}

func TestAStoreThatSaysNothingIsLetGo(t *testing.T) {
	h := setup(t)
	h.helloWithin = 20 * time.Millisecond
	s := h.open(t, "Bearer "+h.tokens["S1"])
	require.Equal(t, fault.Unavailable, s.refused("hello_timeout").Kind)
}

func TestALostStreamIsCounted(t *testing.T) {
	h := setup(t)
	s, _ := h.greet(t, shopOf("S1", 0))
	require.NoError(t, s.conn.Close())
	require.Eventually(t, func() bool { return h.ended(t, endLost) == 1 }, patience, time.Millisecond)
}
