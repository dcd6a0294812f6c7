package intake

import (
	"bytes"

	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/wire"
)

// check compares the delivery with the locked stream, in the contract's order;
// batch_invalid was before, event_id_reused comes last, with the insert.
func (d *delivery) check(s *hqdb.Stream) error {
	b := d.batch
	switch {
	case !s.Known:
		return fault.New(fault.NotFound, "store_unknown", "HQ has no store %s", b.StoreID).
			Advise("register it with hq-platform store add")
	case b.Epoch != s.Epoch:
		return fault.New(fault.Conflict, wire.CodeFenced, "epoch %d does not speak for store %s: HQ issued %d last", b.Epoch, b.StoreID, s.Epoch).
			Advise("another box has taken this store over: stop sending").With("epoch", s.Epoch)
	case b.FirstID > s.ReceivedUpto+1:
		return fault.New(fault.Conflict, wire.CodeGap, "the batch begins at %d, HQ needs %d next", b.FirstID, s.ReceivedUpto+1).
			Advise("send from expected_id").With("expected_id", s.ReceivedUpto+1).With("chain_hash", wire.Hash(s.ChainHash))
	case d.brokenAt != 0:
		return fault.New(fault.Invalid, wire.CodeHashMismatch, "the hash of event %d is not that of its bytes", d.brokenAt).
			Advise("send it again; if that does not help, verify the outbox at the store").With("at_id", d.brokenAt)
	}
	return d.checkOverlap(s)
}

// checkOverlap finds a fork: HQ holds another event than the batch says, at the
// id before the batch or within it.
func (d *delivery) checkOverlap(s *hqdb.Stream) error {
	b := d.batch
	for _, held := range s.Run {
		mine := b.PrevHash
		if held.ID >= b.FirstID {
			mine = b.Events[held.ID-b.FirstID].Hash
		}
		if !bytes.Equal(held.Hash, mine[:]) {
			return fault.New(fault.Conflict, wire.CodeFork, "HQ holds another event %d of store %s", held.ID, b.StoreID).
				Advise("two boxes wrote this store's log, or its database was changed: stop sending and look").With("at_id", held.ID)
		}
	}
	return nil
}
