package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"tiem/internal/edge/uplink"
	"tiem/internal/wire"
)

const (
	stormStores  = 2000
	stormBacklog = 100 // sales of each: 300 events
	liveStores   = 20
	liveEvery    = time.Second      // between two sales of a live store, on the average
	calmFor      = 15 * time.Second // before each storm
	stormRounds  = 3                // at most
	stormLog     = 128              // files of 16 MiB: what a storm writes
	stormBar     = 3.0
)

// storm is an HQ with live stores, at which many more arrive at once. Its server is
// sized as one for so many stores is, and has run for a while: with the 64 MiB of a
// small machine it writes the same pages again and again.
type storm struct {
	stage    *stage
	office   *office
	live     *crowd
	template []wire.Event
	said     func(string)

	mu   sync.Mutex
	took []time.Duration // of the live stores' sales, from COMMIT to the acknowledgment

	calm, rough []latency
	lasted      []time.Duration
	spent       usage // while stores arrive
	events      int
}

// reconnect measures what live stores wait for while others, with backlogs, all
// come back at once.
func (o options) reconnect(ctx context.Context) (figures []figure, err error) {
	s := &storm{said: o.tell, template: crowdSales(10_000)}
	if s.stage, err = newStage(ctx, "hq", fmt.Sprintf("min_wal_size=%dMB", 16*stormLog), "shared_buffers=1GB"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stage.close()) }()
	if err := s.stage.inUse(ctx, min(stormLog, o.scaled(stormLog))); err != nil {
		return nil, err
	}
	if s.office, err = openOffice(ctx, s.stage, "ours"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.office.close()) }()
	if err := registerCrowd(ctx, s.office.db, "L", liveStores); err != nil {
		return nil, err
	}
	if s.live, err = newCrowd("L", liveStores, s.office.GRPC, s.template, 0, uplink.Config{}); err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	defer func() { stop(); s.live.running.Wait() }()
	s.live.drive(running, 0)
	for round := range min(o.rounds, stormRounds) {
		if err := s.round(ctx, round, o); err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	return s.figures(meter{servers: []*stage{s.stage}}.machine(ctx), o), s.check(ctx)
}

func (s *storm) round(ctx context.Context, round int, o options) error {
	group, stores := fmt.Sprintf("R%d", round), o.scaled(stormStores)
	if err := registerCrowd(ctx, s.office.db, group, stores); err != nil {
		return err
	}
	if err := settle(ctx, s.office.db); err != nil {
		return err
	}
	c, err := startChild(ctx, childOrder{Role: "crowd", Target: s.office.GRPC, Group: group, Streams: stores, Sales: stormBacklog})
	if err != nil {
		return err
	}
	defer func() { _ = c.close() }() // it was asked for all that matters
	quiet := max(2*time.Second, time.Duration(float64(calmFor)*min(o.scale, 1)))
	calm, err := s.sellUntil(ctx, func(begin time.Time) (bool, error) { return time.Since(begin) >= quiet, nil })
	if err != nil {
		return err
	}
	m := meter{servers: []*stage{s.stage}, children: []*child{s.office.child}}
	used := m.used()
	state, err := c.tell("go")
	if err != nil {
		return err
	}
	begin := time.Now()
	rough, err := s.sellUntil(ctx, func(time.Time) (bool, error) {
		state, err = c.tell("count")
		return state.Done == stores, err
	})
	if err != nil {
		return err
	}
	s.lasted = append(s.lasted, time.Since(begin))
	s.spent, s.events = s.spent.plus(m.used().minus(used)), s.events+stores*stormBacklog*eventsASale
	s.calm, s.rough = append(s.calm, latencyOf(calm)), append(s.rough, latencyOf(rough))
	last := len(s.calm) - 1
	s.said(fmt.Sprintf("%s stores reconnect, round %d: live stores %.1f/%.1f ms before, %.1f/%.1f ms meanwhile (p50/p99); %.0f s, %d attempts of theirs failed %s",
		thousands(stores), round+1, s.calm[last].P50/1e3, s.calm[last].P99/1e3, s.rough[last].P50/1e3, s.rough[last].P99/1e3, s.lasted[last].Seconds(), state.Failed, state.Why))
	return nil
}

// sellUntil lets the live stores sell until over says so, and a sale a store at
// least, and returns how long each sale took to be acknowledged.
func (s *storm) sellUntil(ctx context.Context, over func(begin time.Time) (bool, error)) ([]time.Duration, error) {
	s.mu.Lock()
	s.took = nil
	s.mu.Unlock()
	selling, stop := context.WithCancel(ctx)
	defer stop()
	var tills sync.WaitGroup
	for _, l := range s.live.logs {
		tills.Go(func() { s.sell(selling, l) })
	}
	begin := time.Now()
	for {
		done, err := over(begin)
		if err != nil {
			return nil, err
		}
		if done && s.sales() >= liveStores {
			break
		}
		if err := pauseFor(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	stop()
	tills.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took, nil
}

func (s *storm) sales() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.took)
}

// sell is one live store's till. What is sold is waited for: nothing is missing
// from the figures.
func (s *storm) sell(ctx context.Context, l *crowdLog) {
	for {
		if pauseFor(ctx, rand.N(2*liveEvery)) != nil {
			return
		}
		acked, head := make(chan struct{}), int64(len(l.events))+eventsASale // nobody else appends
		reached := sync.OnceFunc(func() { close(acked) })
		l.watch(func(upto int64) {
			if upto >= head {
				reached()
			}
		})
		sold := time.Now()
		l.sell(s.template)
		<-acked
		s.mu.Lock()
		s.took = append(s.took, time.Since(sold))
		s.mu.Unlock()
	}
}

func (s *storm) figures(machine string, o options) []figure {
	f := figure{Contest: fmt.Sprintf("p99 of live stores while %s others reconnect, against before", thousands(o.scaled(stormStores))), Unit: "sales", Bar: stormBar, AtMost: true,
		Ours: liveStores / liveEvery.Seconds(), Floor: liveStores / liveEvery.Seconds(), Machine: machine, Command: o.command("reconnect"),
		Latency: &latencies{Ours: typical(s.rough), Floor: typical(s.calm)}}
	var lasted []float64
	for i := range s.rough {
		f.Ratios, lasted = append(f.Ratios, s.rough[i].P99/s.calm[i].P99), append(lasted, s.lasted[i].Seconds())
	}
	f.Program, f.Database = perCall(s.spent.program, s.events), perCall(s.spent.database, s.events)
	f.Note = fmt.Sprintf("each of them with %d events; all had caught up after %.0f s, %.0f events a second. Processor times are an event's, while they arrive",
		stormBacklog*eventsASale, median(lasted), float64(s.events)/float64(len(lasted))/median(lasted))
	return []figure{f}
}

// check refuses figures of a run in which something was lost, or set aside.
func (s *storm) check(ctx context.Context) error {
	want := int64(s.events)
	for _, l := range s.live.logs {
		want += int64(len(l.events))
	}
	var inbox, aside int64
	err := s.office.db.QueryRow(ctx, "select (select count(*) from hq_inbox), (select count(*) from hq_quarantine)").Scan(&inbox, &aside)
	if err == nil && (inbox != want || aside != 0) {
		err = fmt.Errorf("HQ has %d of %d events, %d set aside", inbox, want, aside)
	}
	return err
}
