package scenario

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/scenarios"
)

func TestEveryShippedScenarioIsUnderstood(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(scenarios.Files, "*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 5)
	for _, name := range files {
		text, err := fs.ReadFile(scenarios.Files, name)
		require.NoError(t, err)
		s, err := Parse(string(text))
		require.NoError(t, err, name)
		require.NotEmpty(t, s.Title, name)
		require.True(t, s.AtHQ, name)
		require.NotEmpty(t, s.Events, name)
	}
}

func TestAScenarioIsReadSentenceBySentence(t *testing.T) {
	t.Parallel()
	s, err := Parse(`# All of it
		Five tills sell at 2.5 sales a second.
		people work 20 times as fast   as people do   # a comment
		after 20 s the cable is pulled for 30 s
		after one minute the line carries 64 kbit/s
		after 2 minutes the line carries 64.5 kbit/s for 1 min
		after 3 min the line flaps for 30 s: 2 s down, 3 s up
		after 3 min the line flaps: two seconds down, three seconds up
		after 4 min HQ dies for 10 s
		after 4 min the edge dies
		after 5 min the edge's PostgreSQL dies
		after 5 min HQ's PostgreSQL dies
		after 6 min a till dies
		after 7 min the shop closes
		at the end everything is at HQ, in order`)
	require.NoError(t, err)
	require.Equal(t, &Scenario{Title: "All of it", Tills: 5, Rate: 2.5, Speed: 20, Closes: 7 * time.Minute, AtHQ: true, Events: []Event{
		{At: 20 * time.Second, Lasts: 30 * time.Second, Kind: Pulled},
		{At: time.Minute, Kind: Slow, Bits: 64_000},
		{At: 2 * time.Minute, Lasts: time.Minute, Kind: Slow, Bits: 64_500},
		{At: 3 * time.Minute, Lasts: 30 * time.Second, Kind: Flap, Down: 2 * time.Second, Up: 3 * time.Second},
		{At: 3 * time.Minute, Kind: Flap, Down: 2 * time.Second, Up: 3 * time.Second},
		{At: 4 * time.Minute, Lasts: 10 * time.Second, Kind: Dying, Part: HQ},
		{At: 4 * time.Minute, Lasts: 2 * time.Second, Kind: Dying, Part: Edge},
		{At: 5 * time.Minute, Kind: Dying, Part: EdgeDatabase},
		{At: 5 * time.Minute, Kind: Dying, Part: HQDatabase},
		{At: 6 * time.Minute, Kind: Dead},
	}}, s)
	s, err = Parse("two tills sell\nafter 3 s a till dies\nafter 500 sales the shop closes")
	require.NoError(t, err)
	require.Equal(t, []int{2, 500}, []int{s.Tills, s.Sales})
}

// What is understood is what the examples say: each is read.
func TestEveryExampleIsUnderstood(t *testing.T) {
	t.Parallel()
	for example := range strings.SplitSeq(Understood(), "\n") {
		require.NoError(t, (&Scenario{}).read(plain(example)), example)
	}
}

func TestWhatIsNotUnderstoodIsNamed(t *testing.T) {
	t.Parallel()
	const ok = "five tills sell\nafter 60 s the shop closes\n"
	for text, c := range map[string]struct{ code, field, says string }{
		ok + "\nafter 20 s the cable is eaten":                          {"scenario_not_understood", "line 4", "the cable is pulled for 30 s"},
		ok + "five tills sell":                                          {"scenario_twice", "line 3", "how many tills"},
		ok + "after 50 sales the shop closes":                           {"scenario_twice", "line 3", "closes"},
		ok + "people work 2 times as fast\npeople work 3 times as fast": {"scenario_twice", "line 4", "how fast"},
		"many tills sell":                                               {"scenario_number", "line 1", "many"},
		"nan tills sell":                                                {"scenario_number", "line 1", "nan"},
		ok + "people work nan times as fast":                            {"scenario_number", "line 3", "nan"},
		ok + "people work inf times as fast":                            {"scenario_number", "line 3", "inf"},
		"0 tills sell":                                                  {"scenario_number", "line 1", "1 to 50"},
		"51 tills sell":                                                 {"scenario_number", "line 1", "1 to 50"},
		"2.5 tills sell":                                                {"scenario_number", "line 1", "whole"},
		"five tills sell at 0 sales a second":                           {"scenario_number", "line 1", "0"},
		ok + "after 90000 s a till dies":                                {"scenario_number", "line 3", "a day"},
		ok + "after 0 s a till dies":                                    {"scenario_number", "line 3", "0"},
		ok + "after nan s a till dies":                                  {"scenario_number", "line 3", "nan"},
		ok + "after 1 s the line carries 0.5 kbit/s":                    {"scenario_number", "line 3", "kbit"},
		ok + "after 1 s the line flaps: 0.01 s down, 3 s up":            {"scenario_number", "line 3", "at least"},
		ok + "after 60 s a till dies":                                   {"scenario_too_late", "", "never happens"},
		"after 60 s the shop closes":                                    {"scenario_incomplete", "", "nobody sells"},
		"five tills sell":                                               {"scenario_incomplete", "", "never closes"},
		"":                                                              {"scenario_incomplete", "", "nobody sells"},
		strings.Repeat("#", maxText+1):                                  {"scenario_too_long", "", "bytes"},
		strings.Repeat("a ", maxText/2):                                 {"scenario_not_understood", "line 1", "not understood"},
		"five tills sell\x00":                                           {"scenario_not_understood", "line 1", "five tills"},
	} {
		_, err := Parse(text)
		require.Equal(t, c.code, fault.CodeOf(err), "%.60q", text)
		require.Equal(t, 2, fault.ExitCode(err))
		require.Equal(t, c.field, fault.As(err).Field, "%.60q", text)
		require.Contains(t, fault.As(err).Message+fault.As(err).Hint, c.says)
	}
}

func TestFlagsAreRead(t *testing.T) {
	t.Parallel()
	s := time.Second
	for text, want := range map[string]Event{"30s@60s": {Kind: Pulled, At: 60 * s, Lasts: 30 * s}, "500ms": {Kind: Pulled, Lasts: s / 2}, "1m@0s": {Kind: Pulled, Lasts: 60 * s}} {
		e, err := ParseCut(text)
		require.NoError(t, err, text)
		require.Equal(t, want, e)
	}
	for text, want := range map[string]Event{"64kbit": {Kind: Slow, Bits: 64_000}, "2Mbit/s@60s": {Kind: Slow, Bits: 2_000_000, At: 60 * s}, "9600bit@1s+30s": {Kind: Slow, Bits: 9600, At: s, Lasts: 30 * s}} {
		e, err := ParseSlow(text)
		require.NoError(t, err, text)
		require.Equal(t, want, e)
	}
	for text, want := range map[string]Event{"2s/3s": {Kind: Flap, Down: 2 * s, Up: 3 * s}, "2s/3s@60s…": {Kind: Flap, Down: 2 * s, Up: 3 * s, At: 60 * s}, "2s/3s@60s...": {Kind: Flap, Down: 2 * s, Up: 3 * s, At: 60 * s},
		"1s/1s@5s+10s": {Kind: Flap, Down: s, Up: s, At: 5 * s, Lasts: 10 * s}} {
		e, err := ParseFlap(text)
		require.NoError(t, err, text)
		require.Equal(t, want, e)
	}
}

func TestFlagsThatAreNotUnderstoodSayWhatIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parse func(string) (Event, error)
		texts []string
	}{
		"--cut":  {ParseCut, []string{"", "30", "s", "-1s", "0s", "30s@", "30s@x", "30s@-1s", "25h", "30s@60s@70s"}},
		"--slow": {ParseSlow, []string{"", "64", "kbit", "-64kbit", "0kbit", "nankbit", "infkbit", "1bit", "64kbit@", "64kbit@1s+", "64kbit@1s+0s", "64kbit+3s"}},
		"--flap": {ParseFlap, []string{"", "2s", "2s/", "/2s", "2s/0s", "1ms/1s", "2s/3s@", "2s/3s@1s+x", "2s/3s/4s"}},
	} {
		for _, text := range c.texts {
			_, err := c.parse(text)
			require.Equal(t, 2, fault.ExitCode(err), "%s %q", name, text)
			require.Contains(t, fault.As(err).Hint, name+" understands")
		}
	}
}

// The line is as the events say, at each moment; what is the next change is one.
func TestTheLineAtEachMoment(t *testing.T) {
	t.Parallel()
	s := time.Second
	events := []Event{
		{Kind: Slow, Bits: 64_000, At: 10 * s}, {Kind: Slow, Bits: 128_000, At: 5 * s, Lasts: 20 * s}, {Kind: Pulled, At: 20 * s, Lasts: 5 * s},
		{Kind: Flap, At: 40 * s, Lasts: 10 * s, Down: 2 * s, Up: 3 * s}, {Kind: Dying, At: 7 * s}, {Kind: Dead, At: 8 * s},
	}
	type moment struct {
		at    time.Duration
		state State
		next  time.Duration
	}
	for _, m := range []moment{
		{0, State{}, 5 * s}, {5 * s, State{Slow, 128_000}, 10 * s}, {10 * s, State{Slow, 64_000}, 20 * s}, {20 * s, State{Pulled, 0}, 25 * s},
		{25 * s, State{Slow, 64_000}, 40 * s}, {40 * s, State{Pulled, 0}, 42 * s}, {42 * s, State{Slow, 64_000}, 45 * s}, {45 * s, State{Pulled, 0}, 47 * s},
		{47 * s, State{Slow, 64_000}, 50 * s}, {50 * s, State{Slow, 64_000}, 0},
	} {
		state, next := At(events, m.at)
		require.Equal(t, []any{m.state, m.next}, []any{state, next}, m.at)
	}
	state, _ := At([]Event{{Kind: Pulled, Lasts: s}, {Kind: Slow, Bits: 64_000}}, 0)
	require.Equal(t, State{Kind: Pulled}, state, "in whatever order they are written")
	state, next := At(nil, s)
	require.Equal(t, State{}, state)
	require.Zero(t, next)
}

// Between a moment and its next change nothing changes.
func TestNothingChangesBeforeTheNextChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(name string, least int) time.Duration {
			return time.Duration(rapid.IntRange(least, 50).Draw(t, name)) * time.Second
		}
		events := make([]Event, rapid.IntRange(0, 5).Draw(t, "events"))
		for i := range events {
			events[i] = Event{Kind: rapid.SampledFrom([]Kind{Pulled, Slow, Flap}).Draw(t, "kind"), At: seconds("at", 0), Lasts: seconds("lasts", 0),
				Down: seconds("down", 1), Up: seconds("up", 1), Bits: rapid.IntRange(1000, 3000).Draw(t, "bits")}
			if events[i].Kind == Pulled {
				events[i].Lasts += time.Second
			}
		}
		now := seconds("now", 0)
		state, next := At(events, now)
		if next != 0 && next <= now {
			t.Fatalf("the next change of %s is %s", now, next)
		}
		if next == 0 {
			next = now + time.Hour
		}
		for at := now; at < next && at < now+5*time.Minute; at += 500 * time.Millisecond {
			if s, _ := At(events, at); s != state {
				t.Fatalf("%v at %s, but %v at %s; next change %s: %v", state, now, s, at, next, events)
			}
		}
	})
}
