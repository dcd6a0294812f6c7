package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/token"
	"tiem/internal/wire"
)

// crowdLog is a simulated store's log, in memory; the relay over it is the store
// edge's own.
type crowdLog struct {
	storeID string

	mu     sync.Mutex
	events []wire.Event
	acked  int64
	heard  bool // HQ has answered a hello
	told   func(events []wire.Event, committed time.Time)
	marked func(upto int64) // may be nil
	failed func(reason string)
}

// Head implements uplink.Journal.
func (l *crowdLog) Head(context.Context) (wire.Hello, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hello := wire.Hello{StoreID: l.storeID, Epoch: 1, Head: int64(len(l.events)), OldestRetained: 1}
	if hello.Head > 0 {
		hello.HeadHash = l.events[hello.Head-1].Hash
	}
	return hello, nil
}

// Read implements uplink.Journal.
func (l *crowdLog) Read(_ context.Context, after int64, limit, maxBytes int) ([]wire.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var some []wire.Event
	payload := 0
	for i := after; i < int64(len(l.events)) && len(some) < limit; i++ {
		if payload += len(l.events[i].Payload); payload > maxBytes && len(some) > 0 {
			break
		}
		some = append(some, l.events[i])
	}
	return some, nil
}

// HashOf implements uplink.Journal.
func (l *crowdLog) HashOf(_ context.Context, id int64) (wire.Hash, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id == 0 {
		return wire.Hash{}, true, nil
	}
	if id > int64(len(l.events)) {
		return wire.Hash{}, false, nil
	}
	return l.events[id-1].Hash, true, nil
}

// Mark implements uplink.Journal.
func (l *crowdLog) Mark(_ context.Context, upto int64, setAside []wire.EventError) error {
	l.mu.Lock()
	l.acked, l.heard = upto, true
	marked := l.marked
	l.mu.Unlock()
	if len(setAside) > 0 {
		return fault.New(fault.Internal, "bench_set_aside", "HQ set events of a simulated store aside: %s", setAside[0].Message)
	}
	if marked != nil {
		marked(upto)
	}
	return nil
}

// Failed implements uplink.Journal.
func (l *crowdLog) Failed(_ context.Context, _, _ int64, reason string) error {
	l.failed(reason)
	return nil
}

// OnCommit implements uplink.Commits.
func (l *crowdLog) OnCommit(f func(events []wire.Event, committed time.Time)) { l.told = f }

// watch lets f hear of every mark.
func (l *crowdLog) watch(f func(upto int64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marked = f
}

// done tells whether HQ has all of the log.
func (l *crowdLog) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard && l.acked == int64(len(l.events))
}

// sell appends a sale and tells the relay.
func (l *crowdLog) sell(template []wire.Event) {
	l.mu.Lock()
	n := len(l.events)
	l.grow(template)
	fresh := l.events[n:]
	l.mu.Unlock()
	l.told(fresh, time.Now())
}

// grow appends the next sale of the template, as this store's own.
func (l *crowdLog) grow(template []wire.Event) {
	var prev wire.Hash
	for range eventsASale {
		n := len(l.events)
		if n > 0 {
			prev = l.events[n-1].Hash
		}
		e := template[n]
		e.StoreID = l.storeID
		e.Payload = strings.Replace(e.Payload, `"receipt_no":"`+storeID+`-`, `"receipt_no":"`+l.storeID+`-`, 1)
		e.Hash = e.Chain(prev)
		l.events = append(l.events, e)
	}
}

// crowdSales is a log that every simulated store copies: HQ tells stores apart by
// their ids.
func crowdSales(sales int) []wire.Event {
	shop := hqtest.NewShop(storeID)
	for n := range sales {
		shop.Sell(fourLines(n)...)
	}
	return shop.Events
}

func crowdName(group string, i int) string { return fmt.Sprintf("%s%05d", group, i) }

func crowdToken(name string) string { return "the bench's token of " + name }

// registerCrowd makes HQ know the stores of a group.
func registerCrowd(ctx context.Context, db *postgres.DB, group string, n int) error {
	rows := func(row func(name string) []any) pgx.CopyFromSource {
		return pgx.CopyFromSlice(n, func(i int) ([]any, error) { return row(crowdName(group, i)), nil })
	}
	_, err := db.Pool().CopyFrom(ctx, pgx.Identifier{"stores"}, []string{"store_id", "name", "token_hash"},
		rows(func(name string) []any { return []any{name, name, token.Hash(crowdToken(name))} }))
	if err == nil {
		_, err = db.Pool().CopyFrom(ctx, pgx.Identifier{"store_streams"}, []string{"store_id"}, rows(func(name string) []any { return []any{name} }))
	}
	return err
}

// crowd is a group of simulated stores.
type crowd struct {
	logs    []*crowdLog
	relays  []*uplink.Relay
	running sync.WaitGroup

	mu     sync.Mutex
	failed map[string]int // attempts, by reason
}

// fail counts an attempt of a store that failed.
func (c *crowd) fail(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed[reason]++
}

// newCrowd makes the stores of a group, each with the first sales of template as
// its backlog, and the store edge's own relay and gRPC client.
func newCrowd(group string, n int, target string, template []wire.Event, sales int, cfg uplink.Config) (*crowd, error) {
	c := &crowd{failed: map[string]int{}}
	for i := range n {
		l := &crowdLog{storeID: crowdName(group, i), failed: c.fail}
		for range sales {
			l.grow(template)
		}
		way, err := uplink.NewGRPCWay(target, crowdToken(l.storeID), 5*time.Second, nil)
		if err != nil {
			return nil, err
		}
		c.logs = append(c.logs, l)
		c.relays = append(c.relays, uplink.New(l, l, uplink.Ways{First: way}, cfg, productionLog()))
	}
	return c, nil
}

// drive starts the relays, one each interval, until ctx is done.
func (c *crowd) drive(ctx context.Context, interval time.Duration) {
	for _, r := range c.relays {
		c.running.Go(func() { r.Drive(ctx) })
		if interval > 0 && pauseFor(ctx, interval) != nil {
			return
		}
	}
}

// counted are how many stores HQ has heard, and how many have nothing left.
func (c *crowd) counted() childState {
	var s childState
	c.mu.Lock()
	for reason, n := range c.failed {
		if s.Failed += n; s.Why == "" || n > c.failed[s.Why] {
			s.Why = reason
		}
	}
	c.mu.Unlock()
	for _, l := range c.logs {
		l.mu.Lock()
		if l.heard {
			s.Open++
		}
		l.mu.Unlock()
		if l.done() {
			s.Done++
		}
	}
	return s
}

// playCrowd is a process of simulated stores. Commands: go, at once or (Ramp)
// one after another; anything else only counts.
func playCrowd(ctx context.Context, order childOrder) (childState, func(context.Context, string) (childState, error), error) {
	const never = 24 * time.Hour
	cfg := uplink.Config{Poll: time.Minute}
	if order.Silent {
		cfg.Silence, cfg.Resync = never, never
	}
	c, err := newCrowd(order.Group, order.Streams, order.Target, crowdSales(order.Sales), order.Sales, cfg)
	return childState{}, func(_ context.Context, command string) (childState, error) {
		if command == "go" {
			go c.drive(ctx, time.Duration(order.RampUS)*time.Microsecond)
		}
		return c.counted(), nil
	}, err
}
