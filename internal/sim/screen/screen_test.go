package screen

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/money"
	"tiem/internal/sim"
)

var update = flag.Bool("update", false, "write the golden files")

func none(string) string { return "" }

// five is a picture of five tills and a pulled cable.
func five() sim.Picture {
	p := sim.Picture{
		Title: "Five tills, and somebody pulls the cable", Elapsed: 31*time.Second + 400*time.Millisecond, Closes: 70 * time.Second,
		Sales: 412, Total: 31_415_900, Voided: 13, PerSecond: 13.27, Line: "the cable is pulled", News: "20.0 s  the line: the cable is pulled",
		Stores: []sim.StoreView{{StoreID: "S1", State: "OFFLINE", For: 8*time.Second + 700*time.Millisecond, Pending: 377}},
	}
	for i, call := range []string{sim.CallOpen, sim.CallScan, sim.CallEdit, sim.CallDiscount, sim.CallPay, sim.CallFinalize, sim.CallSuspend, sim.CallResume, sim.CallVoid, sim.CallSignIn} {
		p.Calls = append(p.Calls, sim.CallView{Call: call, Count: int64(1200 / (i + 1)), P50MS: 3.1 + float64(i), P95MS: 7.25, P99MS: 12.04})
	}
	p.Calls[4].Failed = 2
	for i, work := range []sim.Work{sim.WorkScanning, sim.WorkPaying, sim.WorkWaiting, sim.WorkDead, sim.WorkResuming} {
		p.Tills = append(p.Tills, sim.TillView{TerminalID: "SIM" + string(rune('1'+i)), CashierID: "C" + string(rune('1'+i)), Work: work})
	}
	return p
}

// chain is a picture of twenty shops.
func chain() sim.Picture {
	p := five()
	p.Title, p.Closes, p.Goal, p.Line, p.News, p.Stores = "Twenty shops", 0, 2000, "whole", "", nil
	for i := range 20 {
		p.Stores = append(p.Stores, sim.StoreView{StoreID: "S" + string(rune('A'+i)), State: []string{"ONLINE", "ONLINE", "OFFLINE", ""}[i%4], Pending: int64(i)})
	}
	return p
}

func text(p sim.Picture) string {
	var b strings.Builder
	for _, line := range Draw(p) {
		b.WriteString(line.Text + "\n")
	}
	return b.String()
}

func TestScreenGolden(t *testing.T) {
	for name, p := range map[string]sim.Picture{"five-tills": five(), "chain": chain()} {
		path := "testdata/" + name + ".golden"
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, []byte(text(p)), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "write it with -update")
		require.Equal(t, string(want), text(p), name)
	}
}

// Whatever happens, a picture is 24 rows of at most 80 columns, and nothing in
// it moves the cursor.
func TestAPictureFitsAnyTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.StringN(0, 120, -1)
		p := sim.Picture{Title: words.Draw(t, "title"), News: words.Draw(t, "news"), Line: words.Draw(t, "line"), Sales: rapid.Int().Draw(t, "sales"),
			Total: money.Amount(rapid.Int64().Draw(t, "total")), Elapsed: time.Duration(rapid.Int64().Draw(t, "elapsed")), PerSecond: rapid.Float64().Draw(t, "rate"),
			Closes: time.Duration(rapid.Int64().Draw(t, "closes")), Goal: rapid.Int().Draw(t, "goal")}
		for range rapid.IntRange(0, 60).Draw(t, "tills") {
			p.Tills = append(p.Tills, sim.TillView{TerminalID: words.Draw(t, "till"), CashierID: words.Draw(t, "cashier"), Work: sim.WorkPaying})
		}
		for range rapid.IntRange(0, 30).Draw(t, "shops") {
			p.Stores = append(p.Stores, sim.StoreView{StoreID: words.Draw(t, "shop"), State: words.Draw(t, "state"), Pending: rapid.Int64().Draw(t, "pending"), For: time.Duration(rapid.Int64().Draw(t, "for"))})
		}
		for range rapid.IntRange(0, 20).Draw(t, "calls") {
			p.Calls = append(p.Calls, sim.CallView{Call: words.Draw(t, "call"), Count: rapid.Int64().Draw(t, "count"), P99MS: rapid.Float64().Draw(t, "p99")})
		}
		rows := Draw(p)
		if len(rows) != Rows {
			t.Fatalf("%d rows", len(rows))
		}
		for _, row := range rows {
			if utf8.RuneCountInString(row.Text) > Columns || strings.ContainsAny(row.Text, "\x1b\n\r\t\x7f") {
				t.Fatalf("%q", row.Text)
			}
		}
		if strings.Contains(Plain(p), "\n") && !strings.Contains(p.Line, "\n") && (len(p.Stores) != 1 || !strings.Contains(p.Stores[0].State, "\n")) {
			t.Fatalf("%q", Plain(p))
		}
	})
}

// A frame begins at home and clears behind itself; the cursor comes back once.
func TestATerminalIsPaintedInPlace(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	terminal := NewTerminal(&out, none)
	terminal.Show(five())
	first := out.String()
	require.True(t, strings.HasPrefix(first, hideCursor+clearScreen+home))
	require.Equal(t, Rows, strings.Count(first, clearLine))
	require.Equal(t, Rows-1, strings.Count(first, "\r\n"), "the last row does not scroll")
	require.Contains(t, first, "\x1b[31mHQ      OFFLINE for 8s; 377 events pending\x1b[0m")
	out.Reset()
	terminal.Show(five())
	require.True(t, strings.HasPrefix(out.String(), home))
	require.NotContains(t, out.String(), clearScreen, "nothing flickers")
	out.Reset()
	terminal.Close()
	terminal.Close()
	terminal.Show(five())
	require.Equal(t, "\r\n"+showCursor, out.String())
}

func TestATerminalThatShowedNothingNeedsNoCare(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	NewTerminal(&out, none).Close()
	require.Empty(t, out.String())
}

func TestNoColourIsHonoured(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	NewTerminal(&out, func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }).Show(five())
	require.NotContains(t, out.String(), "\x1b[31m")
	require.NotContains(t, out.String(), plain)
	require.Contains(t, out.String(), home)
}

func TestWhatIsNoTerminal(t *testing.T) {
	t.Parallel()
	require.False(t, IsTerminal(&bytes.Buffer{}, none))
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	require.False(t, IsTerminal(file, none))
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	require.False(t, IsTerminal(null, none))
	if terminal, err := os.Open("/dev/ptmx"); err == nil {
		defer func() { _ = terminal.Close() }()
		require.True(t, IsTerminal(terminal, none))
		require.False(t, IsTerminal(terminal, func(string) string { return "dumb" }))
	}
}

func TestAmountsAreGrouped(t *testing.T) {
	t.Parallel()
	for amount, want := range map[money.Amount]string{0: "0", 999: "999", 1000: "1.000", 31_415_900: "31.415.900", -100: "-100", -1000: "-1.000"} {
		require.Equal(t, want, Dong(amount))
	}
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	require.Equal(t, "    31 s  412 sales, 13.3/s, 31.415.900 đ; 377 pending, OFFLINE for 8s; line: the cable is pulled; finalize p99 12.0 ms", Plain(five()))
	require.Contains(t, Plain(chain()), "10 of 20 shops ONLINE; line: whole")
}
