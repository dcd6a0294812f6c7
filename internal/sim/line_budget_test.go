package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A direction has one budget: two connections get half of it each.
func TestASlowLineIsSharedByItsConnections(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := &lineBudget{rate: 8000} // 64 kbit/s
	require.Equal(t, 160, b.portion(5000))
	require.Equal(t, 7, b.portion(7))
	for i := 1; i <= 50; i++ { // two connections, 160 bytes in turn
		b.book(now, 160)
		require.Equal(t, now.Add(time.Duration(2*i)*20*time.Millisecond), b.book(now, 160))
	}
	require.Equal(t, now.Add(time.Minute+time.Second), b.book(now.Add(time.Minute), 8000), "nothing is saved up")
	require.Equal(t, 1, (&lineBudget{rate: 10}).portion(100), "however slow it is")
}

// Timers oversleep; the line carries what it says all the same.
func TestAFastLineCatchesUp(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	b := &lineBudget{rate: 12_500_000} // 100 Mbit/s
	now, carried := begun, 0
	for now.Sub(begun) < time.Second {
		if until := b.book(now, 16<<10); until.After(now) {
			now = until.Add(time.Millisecond) // a coarse timer
			b.overslept(time.Millisecond)
		}
		carried += 16 << 10
	}
	require.InDelta(t, 12_500_000, carried, 200_000)
	b.overslept(time.Hour)
	require.Equal(t, now.Add(time.Minute+time.Second-slowStep), b.book(now.Add(time.Minute), 12_500_000), "a stopped process does not catch up")
}

// Both directions of all connections, over real ones: what two of them send at
// once takes twice as long.
func TestConnectionsOfASlowLineWaitForEachOther(t *testing.T) {
	t.Parallel()
	address, heard := echo(t)
	l := newLine(t, address)
	l.Cut(Cut{Kind: Slow, Rate: 5000})
	begun := time.Now()
	for range 4 {
		_, err := call(t, l).Write(make([]byte, 500))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return heard.Load() == 2000 }, 20*time.Second, time.Millisecond)
	require.GreaterOrEqual(t, time.Since(begun), 400*time.Millisecond, "2,000 bytes at 5,000 a second")
	require.Equal(t, 4, l.Mend())
}
