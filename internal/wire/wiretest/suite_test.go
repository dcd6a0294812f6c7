package wiretest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

func TestMemoryOverGRPC(t *testing.T) {
	t.Parallel()
	Run(t, MemoryFeatures(wire.GRPC), Memory(referencePlug, wire.GRPC))
}

func TestMemoryOverHTTP(t *testing.T) {
	t.Parallel()
	Run(t, MemoryFeatures(wire.HTTP), Memory(referencePlug, wire.HTTP))
}

// Of each kind of case one is played where few are wanted, and a case that does
// not run says why.
func TestFewIsOneOfEachKind(t *testing.T) {
	t.Parallel()
	f := MemoryFeatures(wire.GRPC)
	all, few, kinds := 0, map[Features]string{}, map[Features]bool{}
	for _, c := range cases() {
		if f.rejects(c, map[Features]string{}) == "" {
			all, kinds[c.needs] = all+1, true
		}
	}
	f.Few = true
	for _, c := range cases() {
		before := len(few)
		if reason := f.rejects(c, few); reason == "" {
			require.Len(t, few, before+1)
			require.Equal(t, c.name, few[c.needs])
		}
	}
	require.Len(t, few, len(kinds))
	require.Less(t, len(few), all)
	f.Relay = false
	require.Equal(t, "not in this world: the case needs a relay", f.rejects(lines()[0], map[Features]string{}))
}
