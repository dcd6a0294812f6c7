package wiretest

import (
	"testing"

	"tiem/internal/wire"
)

func TestMemoryOverGRPC(t *testing.T) {
	t.Parallel()
	Run(t, MemoryFeatures(wire.GRPC), func(t *testing.T) *World { return NewMemory(t, referencePlug, wire.GRPC) })
}

func TestMemoryOverHTTP(t *testing.T) {
	t.Parallel()
	Run(t, MemoryFeatures(wire.HTTP), func(t *testing.T) *World { return NewMemory(t, referencePlug, wire.HTTP) })
}
