package wiretest

import (
	"testing"

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
