package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	idleStreams = 10_000
	idleFor     = 30 * time.Second
	// betweenOpenings is the pause between two streams that are opened: this is about
	// streams that are there, not about their coming.
	betweenOpenings = 2 * time.Millisecond
)

// crowdState is what many idle streams cost a server.
type crowdState struct {
	resident, inUse float64       // bytes a stream: of the process, and of Go's heap and stacks
	silent, asking  time.Duration // processor time of the server while nobody says a word, and while stores ask every 15 s
}

// idle measures many idle streams on one HQ, and on a bare server.
func (o options) idle(ctx context.Context) (figures []figure, err error) {
	n, wait := o.scaled(idleStreams), max(time.Second/2, time.Duration(float64(idleFor)*min(o.scale, 1)))
	if err := roomFor(n); err != nil {
		return nil, err
	}
	s, err := newStage(ctx, "hq")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	hq, err := openOffice(ctx, s, "ours")
	if err != nil {
		return nil, err
	}
	ours, err := o.crowded(ctx, hq.child, n, wait, func() error { return registerCrowd(ctx, hq.db, "I", n) })
	if err = errors.Join(err, hq.close()); err != nil {
		return nil, err
	}
	bare, err := startChild(ctx, childOrder{Role: "bare"})
	if err != nil {
		return nil, err
	}
	floor, err := o.crowded(ctx, bare, n, wait, func() error { return nil })
	if err = errors.Join(err, bare.close()); err != nil {
		return nil, err
	}
	return o.idleFigures(meter{servers: []*stage{s}}.machine(ctx), n, wait, ours, floor), nil
}

// crowded lets a crowd settle on a server, twice: stores that say nothing, and
// stores as they are.
func (o options) crowded(ctx context.Context, server *child, n int, wait time.Duration, register func() error) (s crowdState, err error) {
	if err := register(); err != nil {
		return s, err
	}
	if _, err := server.tell("memory"); err != nil { // the first collection settles what the start has left
		return s, err
	}
	empty, err := memoryOf(server)
	if err != nil {
		return s, err
	}
	silent, full, err := o.withCrowd(ctx, server, childOrder{Streams: n, Silent: true}, wait)
	if err != nil {
		return s, err
	}
	s.silent, s.resident, s.inUse = silent, float64(full[0]-empty[0])/float64(n), float64(full[1]-empty[1])/float64(n)
	s.asking, _, err = o.withCrowd(ctx, server, childOrder{Streams: n}, wait)
	o.tell(fmt.Sprintf("%s idle streams: %.1f KB resident and %.1f KB in use each; %s of processor time in %s, %s with asks", thousands(n), s.resident/1e3,
		s.inUse/1e3, s.silent, wait, s.asking))
	return s, err
}

// withCrowd opens the streams of a crowd and returns what the server spends, and
// has, while they are idle.
func (o options) withCrowd(ctx context.Context, server *child, order childOrder, wait time.Duration) (spent time.Duration, memory [2]int64, err error) {
	order.Role, order.Group, order.Target, order.RampUS = "crowd", "I", server.GRPC, betweenOpenings.Microseconds()
	c, err := startChild(ctx, order)
	if err != nil {
		return 0, memory, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.gather(ctx, order.Streams); err != nil {
		return 0, memory, err
	}
	if memory, err = memoryOf(server); err != nil {
		return 0, memory, err
	}
	pid := strconv.Itoa(server.pid())
	if err := pauseFor(ctx, wait/10); err != nil {
		return 0, memory, err
	}
	before := processorTime(pid)
	if err := pauseFor(ctx, wait); err != nil {
		return 0, memory, err
	}
	spent = processorTime(pid) - before
	state, err := c.tell("count")
	if err == nil && state.Failed > 0 {
		err = fmt.Errorf("%d attempts of idle stores failed: %s", state.Failed, state.Why)
	}
	return spent, memory, err
}

// roomFor tells whether a process may have so many connections.
func roomFor(n int) error {
	const others = 200
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Max < uint64(n+others) {
		return fmt.Errorf("%d streams need as many files, and a process may open %d: raise the hard limit (ulimit -Hn)", n, limit.Max)
	}
	return nil
}

// gather starts the crowd and waits until every store has been heard.
func (c *child) gather(ctx context.Context, n int) error {
	const patience = 10 * time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("waited %s for %d streams", patience, n))
	defer cancel()
	state, err := c.tell("go")
	for err == nil && state.Open < n {
		if err = pauseFor(ctx, 100*time.Millisecond); err == nil {
			state, err = c.tell("count")
		}
	}
	return err
}

// memoryOf is what a child has after collections, in bytes: resident, and in use
// by Go's heap and stacks.
func memoryOf(c *child) (memory [2]int64, err error) {
	state, err := c.tell("memory")
	if err != nil {
		return memory, err
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(c.pid()) + "/status")
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kB, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			memory[0] = kB << 10
		}
	}
	memory[1] = int64(state.Heap + state.Stack)
	return memory, err
}

// idleFigures are the memory of a stream against a bare one's, and the processor
// time against the promise.
func (o options) idleFigures(machine string, n int, wait time.Duration, ours, floor crowdState) []figure {
	share := func(d time.Duration) float64 { return 100 * d.Seconds() / wait.Seconds() }
	note := fmt.Sprintf("%s streams, one a connection: %.1f KB resident (a bare one %.1f KB), %.1f KB in heap and stacks (%.1f KB). Processor time in %s: %.2f %% of a core while stores say nothing (bare %.2f %%), %.1f %% with each store's question every 15 s and a look into the database every minute (bare, without any database, %.1f %%)",
		thousands(n), ours.resident/1e3, floor.resident/1e3, ours.inUse/1e3, floor.inUse/1e3, wait, share(ours.silent), share(floor.silent), share(ours.asking), share(floor.asking))
	figureOf := func(name, unit, per string, bar, ours, floor float64) figure {
		return figure{Contest: fmt.Sprintf("%s idle streams on one HQ: %s", thousands(n), name), Unit: unit, Per: per, Bar: bar, AtMost: true,
			Ratios: []float64{max(ours, 0) / max(floor, 1e-3)}, Ours: ours, Floor: floor, Machine: machine, Command: o.command("idle"), Note: note}
	}
	return []figure{
		figureOf("resident memory, against a bare grpc-go server", "KB", " a stream", 2, ours.resident/1e3, floor.resident/1e3),
		figureOf("heap and stacks, against a bare grpc-go server", "KB", " a stream", 2, ours.inUse/1e3, floor.inUse/1e3),
		figureOf("processor time, against 2 % of a core", "% of a core", "", 1, share(ours.silent), 2),
	}
}
