package intake

import (
	"tiem/internal/hq/hqdb"
	"tiem/internal/wire"
)

// held is the locked stream as the rules of package wire want it.
func held(s *hqdb.Stream) *wire.Held {
	h := &wire.Held{Known: s.Known, Epoch: s.Epoch, ReceivedUpto: s.ReceivedUpto, Run: make([]wire.HeldEvent, len(s.Run))}
	copy(h.ChainHash[:], s.ChainHash)
	for i, row := range s.Run {
		h.Run[i].ID = row.ID
		copy(h.Run[i].Hash[:], row.Hash)
	}
	return h
}
