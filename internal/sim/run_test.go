package sim

import (
	"context"
	"fmt"
	"net"
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

// Who interrupts a run closes the shop: what was begun is ended.
func TestAnInterruptedRunClosesTheShop(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1")
	ctx, cancel := context.WithCancel(t.Context())
	report, err := Run(ctx, RunOptions{Seed: 4, Terminals: 2, Closes: time.Hour, Speed: 1000, Shop: &store, AtHQ: true, Every: time.Millisecond,
		Show: func(p Picture) {
			if p.Sales > 10 {
				cancel()
			}
		}})
	require.NoError(t, err)
	require.Greater(t, report.Sales, 10)
	require.Nil(t, report.Stores[0].Report, "nobody waits for HQ then")
	for id, b := range e.baskets {
		require.Contains(t, []sale.Status{sale.Paid, sale.Voided}, b.Status, id)
	}
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
	r := &run{watch: NewWatch(), report: &RunReport{}, shops: []*floor{{line: line}}, begun: time.Now(), options: RunOptions{Events: []scenario.Event{
		{Kind: scenario.Slow, Bits: 64_000, Lasts: 20 * time.Millisecond}, {Kind: scenario.Pulled, At: 40 * time.Millisecond, Lasts: 20 * time.Millisecond},
		{Kind: scenario.Dead, At: time.Millisecond}, // is no weather
	}}}
	r.weather(t.Context())
	require.Len(t, r.happened, 4)
	for i, says := range []string{"the line: slow: 64 kbit/s", "the line: whole", "the line: the cable is pulled", "the line: whole"} {
		require.Contains(t, r.happened[i], says)
	}
	say(t, call(t, line), "whole")
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
