package intake

import (
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/wire"
)

// acknowledge is the answer to a delivery that is about to be committed: what
// HQ had before (the overlap) and what became of the new events.
func (d *Delivery) acknowledge(s *hqdb.Stream, verdicts []projection.Verdict) wire.Ack {
	ack := wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: s.ReceivedUpto, ChainHash: wire.Hash(s.ChainHash)}
	for _, held := range s.Run {
		switch {
		case held.ID < d.batch.FirstID: // the event before the batch, read for its hash
		case held.State == projection.Applied:
			ack.Duplicates++
			ack.DuplicateIDs = append(ack.DuplicateIDs, held.EventID)
		default:
			ack.Errors = append(ack.Errors, wire.EventError{ID: held.ID, EventID: held.EventID, Code: held.Code, Message: held.Message})
		}
	}
	for _, v := range verdicts {
		e := v.Entry.Event
		if v.State == projection.Applied {
			ack.Accepted++
			ack.AcceptedIDs = append(ack.AcceptedIDs, e.EventID)
		} else {
			ack.Errors = append(ack.Errors, wire.EventError{ID: e.ID, EventID: e.EventID, Code: v.Code, Message: v.Message})
		}
		ack.ReceivedUpto, ack.ChainHash = e.ID, e.Hash
	}
	return ack
}
