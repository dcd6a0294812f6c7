package uplink

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"tiem/internal/wire"
	"tiem/internal/wire/wiretest"
)

// simulated is this package's relay in the conformance suite's world.
type simulated struct{ *Relay }

// Alarm is the code of the alarm that is up.
func (s simulated) Alarm() string {
	if alarm := s.Status().Alarm; alarm != nil {
		return alarm.Code
	}
	return ""
}

// simulatedWay is the suite's line as a Way.
type simulatedWay struct{ *wiretest.Way }

func (w simulatedWay) Open(ctx context.Context, hello *wire.Hello) (Stream, *wire.Answer, error) {
	stream, answer, err := w.Way.Open(ctx, hello)
	if err != nil {
		return nil, nil, err
	}
	return stream, answer, nil
}

// simulatedCommits is the suite's journal as Commits.
type simulatedCommits struct{ *wiretest.Journal }

func (c simulatedCommits) OnCommit(f func(events []wire.Event, committed time.Time)) {
	c.Journal.OnCommit(func(events []wire.Event) { f(events, time.Now()) })
}

// plug runs the real relay over the suite's journal and line, with the timers of
// a shop. Half of the boxes are handed what is committed, the others poll.
func plug(journal *wiretest.Journal, ways []*wiretest.Way, random *rand.Rand) wiretest.Relay {
	w := Ways{First: simulatedWay{ways[0]}}
	if len(ways) > 1 {
		w.Second = simulatedWay{ways[1]}
	}
	var commits Commits
	if random.IntN(2) == 0 {
		commits = simulatedCommits{journal}
	}
	cfg := Config{Jitter: func(most time.Duration) time.Duration { return time.Duration(random.Int64N(int64(most) + 1)) }}
	return simulated{New(journal, commits, w, cfg, slog.New(slog.DiscardHandler))}
}

// TestHistories plays random programs of sales, faults and restarts with the real
// relay; -wiretest.histories and -wiretest.seed choose more or others.
func TestHistories(t *testing.T) {
	t.Parallel()
	wiretest.Histories(t, plug)
}

func TestPlantedBugsAreCaught(t *testing.T) {
	t.Parallel()
	wiretest.PlantedBugsAreCaught(t, plug)
}

func TestMemoryOverGRPC(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, wiretest.MemoryFeatures(wire.GRPC), wiretest.Memory(plug, wire.GRPC))
}

func TestMemoryOverHTTP(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, wiretest.MemoryFeatures(wire.HTTP), wiretest.Memory(plug, wire.HTTP))
}
