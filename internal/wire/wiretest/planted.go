package wiretest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Plant is a bug, the checks of which one must catch it, and the number of
// histories within which that must happen.
type Plant struct {
	Bug    Bug
	Within int
	Checks []string
}

// Plants are all bugs that are planted.
var Plants = []Plant{
	{AckBeforeCommit, 5, []string{"durable", "published"}},
	{NoGapCheck, 60, []string{"prefix", "refusal"}},
	{NoFence, 300, []string{"prefix", "refusal"}},
	{CursorFirst, 60, []string{"durable", "prefix"}},
	{CursorLast, 60, []string{"prefix", "durable", "effects", "drain"}},
	{OverlapTwice, 60, []string{"effects"}},
	{ForkOverwritten, 60, []string{"prefix", "refusal"}},
	{IDReused, 60, []string{"prefix", "refusal"}},
	{TakenAgain, 60, []string{"refusal"}},
	{TokenIgnored, 60, []string{"refusal"}},
	{DeafToCredit, 300, []string{"refusal"}},
	{HashUnchecked, 60, []string{"prefix", "refusal"}},
	{MarkBeforeAck, 5, []string{"published"}},
	{CursorByMemory, 60, []string{"start", "sequence", "published"}},
	{OutOfOrder, 5, []string{"start", "sequence"}},
	{SentTwice, 5, []string{"sequence"}},
	{CreditIgnored, 60, []string{"window"}},
	{DrainIgnored, 300, []string{"window"}},
	{RetryIgnored, 300, []string{"window"}},
	{ErrorsLost, 60, []string{"set aside"}},
}

// PlantedBugsAreCaught plants each bug into the world of plug.
func PlantedBugsAreCaught(t *testing.T, plug Plug) {
	t.Helper()
	for _, p := range Plants {
		t.Run(string(p.Bug), func(t *testing.T) {
			n, found, err := Caught(t, plug, p.Bug, p.Within)
			require.NoError(t, err)
			require.True(t, slices.Contains(p.Checks, found.Check), "caught by the wrong check: %v", found)
			t.Logf("caught by «%s» in history %d of %d: %s", found.Check, n, p.Within, found.What)
		})
	}
}
