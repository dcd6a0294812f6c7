package faults

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

const (
	modem = 64_000 / 8 // bytes a second of a line of 64 kbit/s

	sent    = "tiem_relay_attempts_total"
	notSent = `tiem_relay_batches_total{result="failed"}`
)

// openOverModem is a shop whose line will be slow; SYNC_TIMEOUT is short, so that
// it matters.
func openOverModem(t *testing.T) (*shop, *sim.Line) {
	t.Helper()
	return openOverLine(t, "SYNC_TIMEOUT=2s")
}

// status is GET /v1/status.
func (s *shop) status() sim.EdgeStatus {
	s.t.Helper()
	client := s.edge()
	defer client.Close()
	status, err := client.Status(s.t.Context())
	require.NoError(s.t, err)
	return status
}

// is waits for a connectivity.
func (s *shop) is(connectivity string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.status().Connectivity == connectivity }, patience, 50*time.Millisecond, connectivity)
}

// metric is one number of the edge's /metrics.
func (s *shop) metric(name string) float64 {
	s.t.Helper()
	answer, err := http.Get(s.Store().EdgeURL + "/metrics")
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(text)
	require.NotNil(s.t, found, name)
	value, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(s.t, err)
	return value
}

// play lets all tills make so many sales; none had to ask twice.
func (s *shop) play(seed uint64, sales int, ledger *sim.Ledger) {
	s.t.Helper()
	before := ledger.Stats().Retries
	_, err := sim.Play(s.t.Context(), s.Store(), sim.PlayOptions{Seed: seed, Sales: sales, Ledger: ledger})
	require.NoError(s.t, err)
	require.Equal(s.t, before, ledger.Stats().Retries, "no till had to try twice")
}

// A backlog over 64 kbit/s: the shop sells on, and the backlog shrinks, although
// a large batch does not get through within SYNC_TIMEOUT.
func TestFault32SlowLine(t *testing.T) {
	t.Parallel()
	backlog := 300 // sales
	if os.Getenv("TIEM_FAULTS") == "all" {
		backlog = 3340 // more than 10,000 events
	}
	s, line := openOverModem(t)
	ledger := sim.NewLedger()
	line.Cut(sim.Cut{Kind: sim.Refused})
	s.play(32, backlog, ledger)
	s.is("OFFLINE")
	before := s.status()
	require.Greater(t, before.PendingEvents, int64(2*backlog))

	attempts, failed := s.metric(sent), s.metric(notSent)
	line.Cut(sim.Cut{Kind: sim.Slow, Rate: modem})
	s.is("ONLINE") // a probe is small
	s.play(64, 10, ledger)
	sold := s.status()
	require.Greater(t, sold.PendingEvents, before.PendingEvents/2, "what was sold meanwhile did not wait for what goes out")
	require.Eventually(t, func() bool { return s.status().Acked >= before.Acked+50 }, time.Minute, 100*time.Millisecond, "it drains")
	s.did("%d events waited; over 64 kbit/s %d went out while 10 sales were made, of %.0f batches %.0f failed", before.PendingEvents,
		s.status().Acked-before.Acked, s.metric(sent)-attempts, s.metric(notSent)-failed)

	line.Mend()
	require.Equal(t, backlog+10, s.provenTo(ledger).Sales)
}

// The line takes what it is given, and nothing comes back: nobody closes a
// connection, and there is no error to see. The probes have to find it.
func TestFault33HalfOpenLine(t *testing.T) {
	t.Parallel()
	s, line := openOverLine(t)
	ledger := sim.NewLedger()
	s.is("ONLINE")
	line.Cut(sim.Cut{Kind: sim.BlackHole})
	begun := time.Now()
	s.play(33, 30, ledger)
	s.is("OFFLINE") // within 30 seconds
	s.did("found after %v", time.Since(begun).Round(time.Millisecond))
	require.NotZero(t, s.status().PendingEvents)
	s.play(66, 10, ledger)
	line.Mend()
	s.is("ONLINE")
	require.Equal(t, 40, s.provenTo(ledger).Sales)
}

// The line comes and goes three times a second while tills sell. The relay and
// the probes keep their pace, and the state does not follow each turn.
func TestFault34FlappingLine(t *testing.T) {
	t.Parallel()
	s, line := openOverLine(t)
	s.is("ONLINE")
	ledger, done := sim.NewLedger(), make(chan error, 1)
	before, failedBefore := s.metric(sent), s.metric(notSent)
	go func() {
		_, err := sim.Play(t.Context(), s.Store(), sim.PlayOptions{Seed: 34, Sales: 200, Ledger: ledger})
		done <- err
	}()
	begun, turns := time.Now(), 0
	for ; turns < 60; turns++ {
		if turns%2 == 0 {
			line.Cut(sim.Cut{Kind: sim.Refused})
		} else {
			line.Mend()
		}
		time.Sleep(150 * time.Millisecond) // the fault itself: that long the line is up, or down
	}
	took := time.Since(begun)
	line.Mend()
	require.NoError(t, <-done)
	require.Zero(t, ledger.Stats().Retries, "no till had to try twice")
	failed, attempts := s.metric(notSent)-failedBefore, s.metric(sent)-before
	changes := strings.Count(s.log("store-edge"), `"msg":"line: O`)
	s.did("%d turns in %v: %.0f batches, %.0f of them failed, %d changes of connectivity", turns, took.Round(time.Millisecond), attempts, failed, changes)
	require.LessOrEqual(t, changes, 1+12, "at most twelve changes a minute")
	// A pause is 0 to 20 ms after the first failure, and doubles: in the 150 ms that
	// the line is down there is room for some four.
	require.LessOrEqual(t, failed, 30.0*10, "no retry storm")
	require.Equal(t, 200, s.provenTo(ledger).Sales)
}

// HQ was away for 30 days: what the shop sold in that time is there, and goes out
// in batches of at most 500 events, in memory that does not grow with it.
func TestFault35HQAwayFor30Days(t *testing.T) {
	t.Parallel()
	sales := 350
	if os.Getenv("TIEM_FAULTS") == "all" {
		sales = 3340 // more than 10,000 events
	}
	s := open(t, "T1", "T2", "T3", "T4", "T5")
	s.proven()
	require.NoError(t, s.Halt(t.Context(), sim.HQServer))
	ledger := sim.NewLedger()
	s.play(35, sales, ledger)
	before := s.status()
	admin := s.session(sim.EdgeServer)
	admin.run("begin")
	admin.run("alter table outbox disable trigger user")
	admin.run("update outbox set created_at = created_at - interval '30 days' where published_at is null")
	admin.run("alter table outbox enable trigger user")
	admin.run("commit")
	s.arm(sim.EdgeServer, "") // a restart: on such a day the shop's box is switched on again, too
	require.InDelta(t, 30*24*3600, s.metric("tiem_outbox_oldest_seconds"), 3600)
	s.play(69, 20, ledger) // what selling needs, with five people signing in, is not the backlog's
	peak := s.peakMemory()

	s.restart(sim.HQServer)
	s.play(70, 20, ledger) // while it drains
	require.Equal(t, sales+40, s.provenTo(ledger).Sales)
	grown := s.peakMemory() - peak
	batches := s.metric(`tiem_relay_batches_total{result="ok"}`)
	s.did("%d events of 30 days went out in %.0f batches; the edge's memory grew by %d MiB meanwhile", before.PendingEvents, batches, grown>>20)
	require.GreaterOrEqual(t, batches, float64(before.PendingEvents)/500)
	require.Less(t, grown, int64(64<<20))
}

// peakMemory is the most that the edge had in memory since it began, in bytes.
func (s *shop) peakMemory() int64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID(sim.EdgeServer)))
	require.NoError(s.t, err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	require.NotNil(s.t, found)
	kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	require.NoError(s.t, err)
	return kilobytes << 10
}
