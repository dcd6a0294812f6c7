package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlanOfCuts(t *testing.T) {
	t.Parallel()
	plan := PlanCuts(1, 1000, 12)
	require.Equal(t, plan, PlanCuts(1, 1000, 12))
	require.NotEqual(t, plan, PlanCuts(2, 1000, 12))
	require.True(t, slices.IsSortedFunc(plan, func(a, b Cut) int { return a.AfterSales - b.AfterSales }))
	count := map[CutKind]int{}
	for _, c := range plan {
		count[c.Kind]++
		require.GreaterOrEqual(t, c.AfterSales, 50)
		require.Less(t, c.AfterSales, 900)
		require.Positive(t, c.Lasts)
		require.Equal(t, c.Kind == Slow, c.Rate > 0, c.Kind)
		require.True(t, c.Bytes == 0 || c.Kind == RequestCut || c.Kind == AnswerCut, c.Kind)
	}
	for _, kind := range CutKinds() {
		require.GreaterOrEqual(t, count[kind], 2, "%s: each has its turn", kind)
	}
	require.Empty(t, PlanCuts(1, 1000, 0))
	require.Len(t, PlanCuts(1, 1, 3), 3, "even where there is little to sell")
}

// sold lets the ledger have n sales more.
func sold(l *Ledger, n int) {
	for range n {
		b := &Basket{}
		b.ReceiptNo = "S1-T1-0000001"
		l.record("T1", Outcome{Basket: b}, nil)
	}
}

// A cut comes when so many sales were made, the line is whole again afterwards,
// and tills that are far ahead wait for the next.
func TestCutterKeepsToTheSales(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	line, ledger := newLine(t, address), NewLedger()
	c := newCutter(line, ledger, []Cut{{AfterSales: 10, Kind: Refused, Lasts: time.Millisecond}, {AfterSales: 20, Kind: AnswerCut, Bytes: 7, Lasts: time.Minute}},
		func(string, ...any) {})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.run(ctx) }()
	require.NoError(t, c.gate(ctx, 10+cutSlack-1))
	held := make(chan error, 1)
	go func() { held <- c.gate(ctx, 10+cutSlack) }()
	sold(ledger, 9)
	say(t, call(t, line), "nine sales are not ten")
	require.Empty(t, held)
	require.Empty(t, c.suffered())
	sold(ledger, 1)
	require.NoError(t, <-held, "the cut was made")
	require.Eventually(t, func() bool { return len(c.suffered()) == 1 }, 20*time.Second, time.Millisecond)
	require.Equal(t, []any{Refused, 10, 10}, []any{c.suffered()[0].Kind, c.suffered()[0].Planned, c.suffered()[0].After})
	sold(ledger, 10)
	require.NoError(t, c.gate(ctx, 20+cutSlack), "behind the last cut nobody waits")
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	say(t, call(t, line), "whole, also if it was interrupted")
}
