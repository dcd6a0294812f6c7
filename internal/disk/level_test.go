package disk

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const gib, mib int64 = 1 << 30, 1 << 20

func TestLevels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		free, total int64
		level       Level
	}{
		"half of a large disk":                 {500 * gib, 1000 * gib, Ample},
		"55 GiB of 2 TiB":                      {55 * gib, 2048 * gib, Ample},
		"5 GiB of a large disk":                {5 * gib, 1000 * gib, Ample},
		"less than 5 GiB of a large disk":      {5*gib - 1, 1000 * gib, Low},
		"1 GiB of a large disk":                {gib, 1000 * gib, Low},
		"less than 1 GiB of a large disk":      {gib - 1, 1000 * gib, Critical},
		"10 % of 30 GiB":                       {3 * gib, 30 * gib, Ample},
		"less than 10 % of 30 GiB":             {3*gib - 1, 30 * gib, Low},
		"3 % of 25 GiB":                        {768 * mib, 25 * gib, Low},
		"less than 3 % of 25 GiB":              {768*mib - 1, 25 * gib, Critical},
		"2 GiB of 16":                          {2 * gib, 16 * gib, Ample},
		"less than 2 GiB of 16":                {2*gib - 1, 16 * gib, Low},
		"512 MiB of 16 GiB":                    {512 * mib, 16 * gib, Low},
		"less than 512 MiB of 16 GiB":          {512*mib - 1, 16 * gib, Critical},
		"a small volume, a quarter free":       {25 * mib, 100 * mib, Ample},
		"a small volume, less":                 {25*mib - 1, 100 * mib, Low},
		"a small volume, a tenth free":         {10 * mib, 100 * mib, Low},
		"a small volume, less than a tenth":    {10*mib - 1, 100 * mib, Critical},
		"full":                                 {0, 100 * gib, Critical},
		"a size that nobody can count":         {math.MaxInt64 / 2, math.MaxInt64, Ample},
		"an empty one of a size beyond reason": {0, math.MaxInt64, Critical},
	} {
		require.Equal(t, c.level, Room{c.free, c.total}.Level(), name)
	}
}

func TestALevelGetsBetterOnlyWithATenthToSpare(t *testing.T) {
	t.Parallel()
	const total = 100 * gib
	for name, c := range map[string]struct {
		free      int64
		was, next Level
	}{
		"worse at once":                                 {5*gib - 1, Ample, Low},
		"much worse at once":                            {gib / 2, Ample, Critical},
		"critical at once":                              {gib - 1, Low, Critical},
		"the same":                                      {3 * gib, Low, Low},
		"just above the limit is not better":            {5 * gib, Low, Low},
		"a tenth above the limit is":                    {5*gib + 600*mib, Low, Ample},
		"just above critical is not better":             {gib, Critical, Critical},
		"a tenth above critical is low again":           {gib + 120*mib, Critical, Low},
		"from critical to ample":                        {50 * gib, Critical, Ample},
		"from critical to a little below ample's spare": {5 * gib, Critical, Low},
	} {
		require.Equal(t, c.next, Room{c.free, total}.After(c.was), name)
	}
}

func TestLevelsAreMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 1<<50).Draw(t, "total")
		less := rapid.Int64Range(0, total).Draw(t, "less")
		more := rapid.Int64Range(less, total).Draw(t, "more")
		was := Level(rapid.IntRange(0, 2).Draw(t, "was"))
		require.GreaterOrEqual(t, Room{less, total}.Level(), Room{more, total}.Level())
		next := Room{less, total}.After(was)
		require.GreaterOrEqual(t, next, Room{less, total}.Level(), "never told better than it is")
		require.Equal(t, next, Room{less, total}.After(next), "and told once")
		require.Equal(t, Ample, Room{total, total}.Level(), "an empty disk of any size is ample")
	})
}

func TestLevelNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"ample", "low", "critical"}, []string{Ample.String(), Low.String(), Critical.String()})
}
