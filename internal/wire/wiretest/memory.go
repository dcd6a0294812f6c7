package wiretest

import (
	"context"
	"testing"
	"time"

	"tiem/internal/wire"
)

// MemoryFeatures are what the worlds of Memory can do over a protocol: nearly
// everything.
func MemoryFeatures(protocol string) Features {
	streams := protocol == wire.GRPC
	return Features{Bubble: true, Speaks: true, Streams: streams, Relay: true, Pause: streams, Drain: streams, Breaks: true, Flips: true, Holds: true, Swallows: true, KillsHQ: true, DiesAt: true,
		KillsStore: true, RestoresHQ: true, RestoresBox: true, TwoRelays: true, Fallback: streams, ForgetsMarks: true, CountsSent: true}
}

// Memory opens worlds for Run, each of a Simulation, whose oracle watches, too. Over gRPC it
// has HTTP to fall back to.
func Memory(plug Plug, protocol string) func(*testing.T) *World {
	return func(t *testing.T) *World {
		t.Helper()
		return newMemory(t, plug, protocol)
	}
}

func newMemory(t *testing.T, plug Plug, protocol string) *World {
	t.Helper()
	s := NewSimulation(plug, 1, "")
	t.Cleanup(s.Stop)
	protocols := []string{protocol}
	if protocol == wire.GRPC {
		protocols = append(protocols, wire.HTTP)
	}
	w := &World{T: t, Patience: patience, Timeout: timeout, Silence: 15 * time.Second, SweepUp: 500, SweepDown: 250, Stride: 1, Wait: pause}
	held := func() bool {
		if found := s.Oracle.Found(); found != nil {
			t.Fatal(found)
		}
		return true
	}
	w.Sell = func(n int) {
		for range n {
			s.Store.Sell(1, "Noted")
		}
		held()
	}
	w.Log, w.Published, w.Alarm = s.Store.Log, s.Store.Published, s.Alarm
	w.Held = func() []wire.Event { held(); return s.HQ.Log(watched) }
	w.Proven = func() { s.Proven(); held() }
	w.StartRelay = func() { s.Open(protocols...) }
	w.SecondRelay = w.StartRelay
	w.KillBox = func() { s.KillBox(0) }
	w.StopRelay = w.KillBox
	memoryLine(w, s)
	memoryHQ(w, s)
	w.Sell(3)
	w.StartRelay()
	w.Drained()
	return w
}

func memoryLine(w *World, s *Simulation) {
	w.Dial = func(ctx context.Context, token string, hello *wire.Hello) (Stream, *wire.Answer, error) {
		return s.rogue(token, s.protocol()).Open(ctx, hello)
	}
	w.CutAfter = func(d Direction, bytes int) { s.Line.CutAfter(d, Cut{Bytes: bytes, Hard: bytes%2 == 1}) }
	w.FlipAfter = func(d Direction, bytes int) { s.flip(); s.Line.FlipAfter(d, bytes, byte(bytes%8)) }
	w.Hold, w.Swallow, w.Refuse, w.Mend = s.Line.Hold, s.Line.Swallow, s.Line.Refuse, s.Line.Mend
	w.Sent = func(id int64) int {
		s.Oracle.mu.Lock()
		defer s.Oracle.mu.Unlock()
		return s.Oracle.sent[id]
	}
	w.Protocol = func() string {
		s.Oracle.mu.Lock()
		defer s.Oracle.mu.Unlock()
		return s.Oracle.over
	}
}

func memoryHQ(w *World, s *Simulation) {
	w.DieAt = func(point Point) { s.HQ.DieAt(point, 1) }
	w.KillHQ, w.StartHQ, w.Pause, w.Drain, w.BackupHQ = s.HQ.Kill, s.HQ.Start, s.HQ.Pause, s.HQ.Drain, s.HQ.Backup
	w.RestoreHQ = func() {
		s.HQ.Restore()
		s.Oracle.fellBack(s.HQ.Upto(watched))
	}
	w.NextEpoch = func() { s.HQ.Fence(watched) }
	w.BackupBox = s.Store.Backup
	w.RestoreBox = func() {
		pause(time.Minute) // nothing of before is on the line any more
		s.Store.Restore(s.HQ.Upto(watched))
	}
	w.ForgetMarks = s.Store.forget
}
