package scenario

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

const (
	sec    = time.Second
	minute = time.Minute
)

func TestWhatNeverHappensIsFound(t *testing.T) {
	t.Parallel()
	cut, dead := Event{Kind: Pulled, At: 60 * sec, Lasts: sec}, Event{Kind: Dead, At: sec}
	require.NoError(t, Check([]Event{cut, dead}, 2, 61*sec))
	require.NoError(t, Check([]Event{cut}, 1, 0), "whether it happens depends on the sales")
	require.Equal(t, "scenario_too_late", fault.CodeOf(Check([]Event{cut}, 2, 60*sec)))
	require.Equal(t, "scenario_alone", fault.CodeOf(Check([]Event{dead}, 1, 0)))
	_, err := Parse("a till sells\nafter 3 s a till dies\nafter 500 sales the shop closes")
	require.Equal(t, "scenario_alone", fault.CodeOf(err))
	require.Equal(t, 2, fault.ExitCode(err))
}

func TestHowLongAShopMustBeOpen(t *testing.T) {
	t.Parallel()
	require.Equal(t, 110*sec, Covers([]Event{{Kind: Pulled, At: 60 * sec, Lasts: 30 * sec}, {Kind: Pulled, At: sec, Lasts: sec}}))
	require.Equal(t, 50*sec, Covers([]Event{{Kind: Slow, Bits: 64_000}}), "to the end: one sees it for a while")
	require.Equal(t, 7*sec+30*sec+20*sec, Covers([]Event{{Kind: Flap, At: 7 * sec, Down: 2 * sec, Up: 3 * sec}}))
	require.Equal(t, 4*minute+20*sec, Covers([]Event{{Kind: Flap, Down: minute, Up: minute}}), "two rounds of it")
}

func TestAnEventInWords(t *testing.T) {
	t.Parallel()
	for words, e := range map[string]Event{
		"after 1m0s the cable is pulled":        {Kind: Pulled, At: minute},
		"after 0s the line carries 64.5 kbit/s": {Kind: Slow, Bits: 64_500},
		"after 1s the line flaps":               {Kind: Flap, At: sec},
		"after 1s the edge's PostgreSQL dies":   {Kind: Dying, Part: EdgeDatabase, At: sec},
		"after 1s a till dies":                  {Kind: Dead, At: sec},
	} {
		require.Equal(t, words, e.Words())
	}
}
