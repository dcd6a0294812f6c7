package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
	"tiem/internal/sim/scenario"
)

// In a running shop the tills pair themselves, with the manager's help, and sell.
func TestARunInARunningShop(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1")
	var mu sync.Mutex
	var pictures []Picture
	var said []string
	report, err := Run(t.Context(), RunOptions{
		Title: "three tills", Seed: 4, Terminals: 3, Sales: 60, Speed: 2000, Shop: &store, Every: time.Millisecond,
		Events: []scenario.Event{{Kind: scenario.Dead}, {Kind: scenario.Dead, At: time.Millisecond}},
		Show:   func(p Picture) { mu.Lock(); defer mu.Unlock(); pictures = append(pictures, p) },
		Say:    func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
	})
	require.NoError(t, err)
	require.True(t, report.OK)
	require.Equal(t, 60, report.Sales)
	require.Equal(t, 60, e.receipts["SIM1"]+e.receipts["SIM2"]+e.receipts["SIM3"])
	require.Positive(t, report.Total)
	require.Positive(t, report.PerSecond)
	require.NotEmpty(t, report.Calls)
	require.Len(t, report.Stores, 1)
	require.Equal(t, 60, report.Stores[0].Sales)
	require.Contains(t, said, "3 terminals paired, SIM1 to SIM3")
	require.Len(t, report.Happened, 2, "two tills were to die")
	require.GreaterOrEqual(t, report.Tills.Died, 2)
	require.Equal(t, report.Tills.Died, report.Tills.TakenOver)
	require.NotEmpty(t, pictures)
	last := pictures[len(pictures)-1]
	require.Equal(t, []StoreView{{StoreID: "S1", State: "OFFLINE", Pending: 7}}, last.Stores)
	require.Len(t, last.Tills, 3)
	require.Equal(t, 60, last.Goal)
	require.Empty(t, last.Line, "nobody is between the shop and HQ")
}

// Who interrupts a run closes the shop: what was begun is ended. What was to be
// compared and was not is said.
func TestAnInterruptedRunClosesTheShop(t *testing.T) {
	t.Parallel()
	for _, atHQ := range []bool{true, false} {
		e := newFakeEdge(t)
		store := e.store("T1")
		ctx, cancel := context.WithCancel(t.Context())
		report, err := Run(ctx, RunOptions{Seed: 4, Terminals: 2, Closes: time.Hour, Speed: 1000, Shop: &store, AtHQ: atHQ, Every: time.Millisecond,
			Show: func(p Picture) {
				if p.Sales > 10 {
					cancel()
				}
			}})
		require.Equal(t, !atHQ, report.OK)
		if atHQ {
			require.Equal(t, "interrupted", fault.CodeOf(err))
			require.Equal(t, 1, fault.ExitCode(err))
			require.Equal(t, "it was interrupted: the shop was not compared with HQ", report.Problem)
		}
		require.Greater(t, report.Sales, 10)
		require.Nil(t, report.Stores[0].Report, "nobody waits for HQ then")
		require.Empty(t, report.Open)
		for id, b := range e.baskets {
			require.Contains(t, []sale.Status{sale.Paid, sale.Voided}, b.Status, id)
		}
	}
}

// An edge that never lets a basket be paid: whoever closes the shop, and then
// presses Ctrl-C twice, waits for nobody, and hears which baskets stay open.
func TestAnInterruptionAfterClosingTimeIsHeard(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1")
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	stuck := 0
	e.lose = func(_ int, r *http.Request) string {
		if !strings.HasSuffix(r.URL.Path, "/finalize") {
			return ""
		}
		mu.Lock()
		defer mu.Unlock()
		stuck++
		return "503"
	}
	atOnce := make(chan struct{})
	close(atOnce)
	begun := time.Now()
	report, err := Run(ctx, RunOptions{Seed: 4, Terminals: 2, Closes: 50 * time.Millisecond, Speed: 2000, Shop: &store, AtOnce: atOnce, Every: time.Millisecond,
		Show: func(p Picture) {
			mu.Lock()
			defer mu.Unlock()
			if p.Elapsed > 200*time.Millisecond && stuck > 3 {
				cancel()
			}
		}})
	require.Less(t, time.Since(begun), closingPatience)
	require.Equal(t, "interrupted", fault.CodeOf(err))
	require.NotEmpty(t, report.Open)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range report.Open {
		require.Contains(t, fault.As(err).Hint, id.String())
		require.Equal(t, sale.Draft, e.baskets[id].Status)
	}
}

// Whoever is interrupted while a database is being made does not hear that it
// could not be; but what tills have seen broken is.
func TestAnInterruptionIsNotWhatItLedTo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	failed, broken := errors.New("PostgreSQL did not start"), &DifferenceError{Invariant: "B", What: "two receipts"}
	r, c := &run{report: &RunReport{}}, &chaos{}
	for _, err := range []error{nil, failed, broken} {
		require.Equal(t, err, r.verdict(ctx, err))
		require.Equal(t, err, c.verdict(ctx, err))
	}
	cancel()
	for _, err := range []error{nil, failed} {
		require.EqualError(t, r.verdict(ctx, err), "it was interrupted: the shop was not compared with HQ")
		require.EqualError(t, c.verdict(ctx, err), "it was interrupted: the shop was not compared with HQ")
	}
	require.Equal(t, broken, r.verdict(ctx, broken))
	require.Equal(t, broken, c.verdict(ctx, broken))
	r.proven, c.proven = true, true
	require.NoError(t, r.verdict(ctx, nil), "it came too late")
	require.NoError(t, c.verdict(ctx, nil))
}

// What was to happen and did not is found, also where all sales are made.
func TestAnEventThatNeverHappenedIsFound(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1")
	report, err := Run(t.Context(), RunOptions{Terminals: 2, Sales: 4, Shop: &store, Events: []scenario.Event{{Kind: scenario.Dead, At: time.Hour}}})
	require.Equal(t, "never_happened", fault.CodeOf(err))
	require.Equal(t, 1, fault.ExitCode(err))
	require.Equal(t, `"after 1h0m0s a till dies" never happened: the shop closed before (give --duration)`, report.Problem)
	require.Equal(t, 4, report.Sales)
	events := []scenario.Event{{Kind: scenario.Dead, At: 1}, {Kind: scenario.Dead, At: 2}, {Kind: scenario.Pulled, At: 3, Lasts: 1}, {Kind: scenario.Pulled, At: 5, Lasts: 1},
		{Kind: scenario.Dying, Part: scenario.HQ, At: 6}, {Kind: scenario.Dying, Part: scenario.Edge, At: 7}}
	r := &run{dying: make(chan struct{}, 2), doomed: 2, struck: 1, weathered: 4, options: RunOptions{Events: events}}
	r.dying <- struct{}{} // nobody has taken notice
	require.Equal(t, []scenario.Event{events[1], events[3], events[5]}, r.missed())
	require.Len(t, (&run{weathered: -1, options: RunOptions{Events: []scenario.Event{{Kind: scenario.Slow}}}}).missed(), 1)
}

func TestWhatCannotBeIsNotStarted(t *testing.T) {
	t.Parallel()
	shop := &Store{}
	cut, dead, kill := scenario.Event{Kind: scenario.Pulled, At: time.Minute}, scenario.Event{Kind: scenario.Dead}, scenario.Event{Kind: scenario.Dying}
	for name, o := range map[string]RunOptions{
		"too late":            {Terminals: 5, Closes: time.Minute, Events: []scenario.Event{cut}},
		"alone":               {Terminals: 1, Events: []scenario.Event{dead}},
		"a sale for no shop":  {Terminals: 5, Sales: 2, Stores: 3},
		"kills there":         {Terminals: 5, Shop: shop, LineAddr: "127.0.0.1:9", Events: []scenario.Event{kill}},
		"no line there":       {Terminals: 5, Shop: shop, Events: []scenario.Event{cut}},
		"a line of no port":   {Terminals: 5, Shop: shop, LineAddr: "127.0.0.1:0"},
		"a line of no number": {Terminals: 5, Shop: shop, LineAddr: "127.0.0.1"},
		"gRPC of no line":     {Terminals: 5, Shop: shop, LineGRPC: "127.0.0.1:9091"},
		"gRPC of no port":     {Terminals: 5, Shop: shop, LineAddr: "127.0.0.1:9090", LineGRPC: "127.0.0.1:0"},
		"a line to itself":    {Terminals: 5, Shop: &Store{HQURL: "http://127.0.0.1:9090"}, LineAddr: "127.0.0.1:9090"},
		"gRPC to itself":      {Terminals: 5, Shop: &Store{GRPCTarget: "127.0.0.1:9091"}, LineAddr: "127.0.0.1:9090", LineGRPC: "127.0.0.1:9091"},
		"by another name":     {Terminals: 5, Shop: &Store{HQURL: "http://localhost:9090"}, LineAddr: "127.0.0.1:9090"},
		"by no name":          {Terminals: 5, Shop: &Store{HQURL: "http://127.0.0.1:9090"}, LineAddr: ":9090"},
		"on every interface":  {Terminals: 5, Shop: &Store{HQURL: "http://[::1]:9090"}, LineAddr: "0.0.0.0:9090"},
		"in other letters":    {Terminals: 5, Shop: &Store{HQURL: "http://hq.example:9090"}, LineAddr: "HQ.example:9090"},
		"a line to HQ's gRPC": {Terminals: 5, Shop: &Store{GRPCTarget: "127.0.0.1:9090"}, LineAddr: "127.0.0.1:9090"},
		"gRPC to HQ's API":    {Terminals: 5, Shop: &Store{HQURL: "http://127.0.0.1:9091"}, LineAddr: "127.0.0.1:9090", LineGRPC: "127.0.0.1:9091"},
	} {
		report, err := Run(t.Context(), o)
		require.Equal(t, 2, fault.ExitCode(err), name)
		require.False(t, report.OK)
	}
	require.NoError(t, RunOptions{Terminals: 5, Shop: shop, LineAddr: "127.0.0.1:9090", Events: []scenario.Event{cut}}.Check())
	require.NoError(t, RunOptions{Terminals: 5, Shop: shop, LineAddr: "127.0.0.1:9090", LineGRPC: "127.0.0.1:9091", Events: []scenario.Event{cut}}.Check())
	beside := &Store{HQURL: "http://127.0.0.1:8090", GRPCTarget: "127.0.0.1:8091"}
	require.NoError(t, RunOptions{Terminals: 5, Shop: beside, LineAddr: "127.0.0.1:9090", LineGRPC: "127.0.0.1:9091"}.Check(), "other ports of this machine")
	elsewhere := &Store{HQURL: "http://hq.example:9090", GRPCTarget: "192.0.2.7:9091"}
	require.NoError(t, RunOptions{Terminals: 5, Shop: elsewhere, LineAddr: "127.0.0.1:9090", LineGRPC: "127.0.0.1:9091"}.Check(), "the same port of another machine")
	require.NoError(t, RunOptions{Terminals: 2, Sales: 3, Stores: 3, Events: []scenario.Event{cut, dead, kill}}.Check())
}

// All sales are made, however many shops share them.
func TestSalesAreSharedByTheShops(t *testing.T) {
	t.Parallel()
	r := &run{options: RunOptions{Sales: 10}, shops: []*floor{{}, {}, {}}}
	var shares []int
	for i, shop := range r.shops {
		shares = append(shares, r.shopOptions(i, shop, nil).Sales)
	}
	require.Equal(t, []int{4, 3, 3}, shares)
}

// Who comes too often waits and comes again; the manager is signed out, however
// it went.
func TestPairingWaitsItsTurn(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1")
	tries, refused := 0, "429"
	e.lose = func(_ int, r *http.Request) string {
		if r.URL.Path != "/v1/terminals" {
			return ""
		}
		if tries++; tries < 4 {
			return refused
		}
		return ""
	}
	logins, err := PairTills(t.Context(), store, 2)
	require.NoError(t, err)
	require.Len(t, logins, 2)
	require.Equal(t, 5, tries)
	require.Empty(t, e.sessions)
	tries, refused = 0, "503"
	_, err = PairTills(t.Context(), store, 2)
	require.Equal(t, "injected", fault.CodeOf(err), "the code may be used up")
	require.Equal(t, 1, tries)
	require.Empty(t, e.sessions, "the manager does not stay signed in")
	require.Equal(t, time.Second, retryAfter(fault.New(fault.Unavailable, "x", "")))
	require.Equal(t, 30*time.Second, retryAfter(fault.New(fault.Unavailable, "x", "").With("retry_after", "30")))
}

func TestOnlyAManagerPairsTills(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1")
	store.ManagerID = "C2"
	_, err := PairTills(t.Context(), store, 1)
	require.Equal(t, "permission_needed", fault.CodeOf(err))
	report, err := Run(t.Context(), RunOptions{Terminals: 1, Sales: 1, Shop: &store})
	require.Equal(t, "permission_needed", fault.CodeOf(err))
	require.False(t, report.OK)
	require.Contains(t, report.Problem, "permission_needed")
	clear(e.sessions)
	store.ManagerID = "M1"
	logins, err := PairTills(t.Context(), store, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"SIM1", "SIM2"}, []string{logins[0].TerminalID, logins[1].TerminalID})
	require.Equal(t, store.Tills[0].PINs, logins[1].PINs)
	require.Empty(t, e.sessions, "the manager does not stay signed in")
	_, err = Pair(t.Context(), e.server.URL, "CODE-SIM1")
	require.Equal(t, "pairing_code_invalid", fault.CodeOf(err))
}

// The line of a running shop is broken as the events say, and whole at the end.
func TestTheLineIsAsTheEventsSay(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	line := newLine(t, address)
	r := &run{watch: NewWatch(), weathered: -1, report: &RunReport{}, shops: []*floor{{line: line}}, begun: time.Now(), options: RunOptions{Events: []scenario.Event{
		{Kind: scenario.Slow, Bits: 64_000, Lasts: 20 * time.Millisecond}, {Kind: scenario.Pulled, At: 40 * time.Millisecond, Lasts: 20 * time.Millisecond},
		{Kind: scenario.Dead, At: time.Millisecond}, // is no weather
	}}}
	r.weather(t.Context())
	require.Len(t, r.happened, 4)
	for i, says := range []string{"the line: slow: 64 kbit/s", "the line: whole", "the line: the cable is pulled", "the line: whole"} {
		require.Contains(t, r.happened[i], says)
	}
	require.Equal(t, r.options.Events[2:], r.missed(), "the line was as they say; no till died")
	say(t, call(t, line), "whole")
}

// Whatever protocol the shop speaks to HQ, or would, must go by the line; what it
// does not speak need not.
func TestAShopMustGoByTheLineAsItSpeaks(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	for said, grpc := range map[string]bool{
		`{"protocol":"grpc"}`:                        true,
		`{"protocol":"http","fallback_active":true}`: true,
		`{"protocol":"http"}`:                        false,
		`{}`:                                         false, // an edge of an earlier release
	} {
		shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(said)) }))
		t.Cleanup(shop.Close)
		store := Store{EdgeURL: shop.URL, HQURL: "http://" + address, GRPCTarget: address, Tills: []Login{{}}}
		free, freeGRPC := twoFree(t)
		line, err := NewLineAt(t.Context(), free, address)
		require.NoError(t, err)
		say(t, call(t, line), "a probe")
		err = line.used(t.Context(), store, t.Logf)
		if !grpc {
			require.NoError(t, err, said)
		}
		require.NoError(t, line.LeadGRPC(t.Context(), freeGRPC, address))
		if !grpc {
			require.NoError(t, line.used(t.Context(), store, t.Logf), "nobody need come over the way for gRPC")
		}
		conn, bad := net.Dial("tcp", freeGRPC)
		require.NoError(t, bad)
		say(t, conn, "a stream")
		require.NoError(t, conn.Close())
		require.NoError(t, line.used(t.Context(), store, t.Logf), said)
		require.NoError(t, line.Close())
		if !grpc {
			continue
		}
		require.Equal(t, "line_bypassed", fault.CodeOf(err), said)
		require.Equal(t, 78, fault.ExitCode(err))
		require.Contains(t, fault.As(err).Hint, "HQ_URL=http://"+free+" and HQ_GRPC_TARGET=HOST:PORT")
		require.Contains(t, fault.As(err).Hint, "SYNC_PROTOCOL=http HQ_URL=http://"+free)
		_, err = Run(t.Context(), RunOptions{Terminals: 1, Sales: 1, Shop: &store, LineAddr: free})
		require.Equal(t, "line_bypassed", fault.CodeOf(err), "before anybody is paired")
		taken, err := net.Listen("tcp", freeGRPC)
		require.NoError(t, err)
		_, err = Run(t.Context(), RunOptions{Terminals: 1, Sales: 1, Shop: &store, LineAddr: free, LineGRPC: freeGRPC})
		require.NoError(t, taken.Close())
		require.Equal(t, []string{"address_in_use", "--line-grpc"}, []string{fault.CodeOf(err), fault.As(err).Field})
	}
}

func twoFree(t *testing.T) (one, other string) {
	t.Helper()
	one, err := FreeAddress(t.Context())
	require.NoError(t, err)
	other, err = FreeAddress(t.Context())
	require.NoError(t, err)
	return one, other
}

func TestALineListensWhereItIsTold(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	free, err := FreeAddress(t.Context())
	require.NoError(t, err)
	line, err := NewLineAt(t.Context(), free, address)
	require.NoError(t, err)
	require.Equal(t, "http://"+free, line.URL())
	_, err = NewLineAt(t.Context(), free, address)
	require.Equal(t, "address_in_use", fault.CodeOf(err))
	require.NoError(t, line.Close())
	require.Equal(t, "127.0.0.1:8090", hostOf("http://127.0.0.1:8090"))
	_, _, err = net.SplitHostPort(hostOf("http://[::1]:8090"))
	require.NoError(t, err)
}

func TestThePulseIsOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	var p pulse
	begun := time.Now()
	require.Zero(t, p.beat(begun, 0))
	require.InDelta(t, 10, p.beat(begun.Add(time.Second), 10), 0.01)
	for i := 2; i <= 20; i++ {
		p.beat(begun.Add(time.Duration(i)*time.Second), 10)
	}
	require.Zero(t, p.beat(begun.Add(21*time.Second), 10), "nothing was sold of late")
	require.Less(t, len(p.at), 10, "what is old is forgotten")
}
