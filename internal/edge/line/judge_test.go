package line

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var begin = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// told lets the judge hear "g" (good), "f" (a failure) and "." (a second passes),
// and tells what it said at each change.
func told(j *Judge, now *time.Time, story string) (changes string) {
	for _, what := range story {
		changed := false
		switch what {
		case 'g':
			changed = j.Good(*now)
		case 'f':
			changed = j.Failed(*now)
		default:
			*now = now.Add(time.Second)
		}
		if changed {
			changes += map[bool]string{true: "ON ", false: "OFF "}[j.Online()]
		}
	}
	return changes
}

func TestJudgements(t *testing.T) {
	t.Parallel()
	const calm = "gg............................................................." // ONLINE, and that is long ago
	for story, want := range map[string]string{
		"":                                 "",
		"g":                                "",
		"gg":                               "ON ",
		"gfgf.gf":                          "",
		"ggff":                             "ON ",
		"ggffgff":                          "ON ",
		"ggfff":                            "ON OFF ",
		"ggffffff":                         "ON OFF ",
		"ggfffg":                           "ON OFF ",
		"ggfffgfg":                         "ON OFF ",
		"ggfffgg":                          "ON OFF ON ", // the third change within a minute
		"ggfffggfff":                       "ON OFF ON OFF ",
		"ggfffggfffggggg":                  "ON OFF ON OFF ",    // fast answers are no steady line
		"ggfffggfffg........gg":            "ON OFF ON OFF ",    // eight seconds, but three answers
		"ggfffggfffg.......ggggg":          "ON OFF ON OFF ",    // five answers, but seven seconds
		"ggfffggfffg........ggg":           "ON OFF ON OFF ON ", // four answers over eight seconds
		"ggfffggfffg....f....ggg":          "ON OFF ON OFF ",    // not in a row
		calm + "fffgg" + "fff" + "g...g":   "ON OFF ON OFF ",    // 3 changes: four seconds, three answers
		calm + "fffgg" + "fff" + "g....g":  "ON OFF ON OFF ",
		calm + "fffgg" + "fff" + "g....gg": "ON OFF ON OFF ON ",
		"ggfffggfff" + calm[2:] + "gg":     "ON OFF ON OFF ON ", // a calm minute later two will do
		"ggfffggfffg........gggfff" + "g...............gggg":  "ON OFF ON OFF ON OFF ",
		"ggfffggfffg........gggfff" + "g................gggg": "ON OFF ON OFF ON OFF ON ", // never more than five over sixteen seconds
	} {
		now := begin
		require.Equal(t, want, told(NewJudge(3, time.Second), &now, story), "%q", story)
	}
	now := begin
	require.Equal(t, "ON OFF ", told(NewJudge(1, time.Second), &now, "ggf"))
	require.Equal(t, "ON OFF ", told(NewJudge(0, time.Second), &now, "ggf"), "at least one failure")
}

// Whatever is heard, and when: the judgement follows the rules as they are
// written down here once more.
func TestAnyLineIsJudgedByTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		failures := rapid.IntRange(1, 5).Draw(rt, "failures")
		j, now := NewJudge(failures, time.Second), begin
		var changes []time.Time
		failed, good := 0, 0
		for range rapid.IntRange(0, 400).Draw(rt, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 2_000).Draw(rt, "ms")) * time.Millisecond)
			was := j.Online()
			var changed bool
			if rapid.Bool().Draw(rt, "good") {
				good, failed = good+1, 0
				changed = j.Good(now)
				require.False(rt, changed && (was || good < goodCalm), "ONLINE comes after good answers in a row")
			} else {
				good, failed = 0, failed+1
				changed = j.Failed(now)
				require.False(rt, changed && (!was || failed < failures), "OFFLINE comes after failures in a row")
			}
			require.Equal(rt, changed, was != j.Online())
			require.False(rt, failed >= failures && j.Online(), "never ONLINE after a run of failures")
			require.Equal(rt, failed, j.Failures())
			if changed {
				changes = append(changes, now)
			}
		}
		for i := 12; i < len(changes); i++ {
			require.Greater(rt, changes[i].Sub(changes[i-12]), time.Minute-time.Nanosecond, "at most twelve changes within a minute")
		}
	})
}

// The worst that a line can do: it fails at once when it is ONLINE, and answers
// as fast as it likes when it is OFFLINE.
func TestTheWorstLineFlapsTwelveTimesAMinute(t *testing.T) {
	t.Parallel()
	j, changes := NewJudge(3, time.Second), 0
	for at := time.Duration(0); at < 10*time.Minute; at += 10 * time.Millisecond {
		hear := j.Good
		if j.Online() {
			hear = j.Failed
		}
		if hear(begin.Add(at)) {
			changes++
		}
	}
	require.LessOrEqual(t, changes, 12+9*8)
	require.Greater(t, changes, 20, "and it is given its chances")
}

// However a line was, it is ONLINE after half a minute of good answers, and
// OFFLINE after failures.
func TestASteadyLineIsBelieved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		j, now := NewJudge(3, time.Second), begin
		for range rapid.IntRange(0, 200).Draw(rt, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3_000).Draw(rt, "ms")) * time.Millisecond)
			if rapid.Bool().Draw(rt, "good") {
				j.Good(now)
			} else {
				j.Failed(now)
			}
		}
		for range 20 {
			now = now.Add(time.Second)
			j.Good(now)
		}
		require.True(rt, j.Online())
		for range 3 {
			j.Failed(now)
		}
		require.False(rt, j.Online())
	})
}
