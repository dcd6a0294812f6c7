package wire

import (
	"tiem/internal/fault"
)

// Protocols: how a store's events travel to HQ. The rules are the same.
const (
	HTTP = "http" // POST /v1/ingestion/events, one batch at a time
	GRPC = "grpc" // SyncService.StreamEvents, several batches on their way
)

// Hello is what a store says first: who it is and where its log stands.
type Hello struct {
	StoreID        string
	Epoch          int64
	Head           int64 // id of the log's last event; 0 while it is empty
	HeadHash       Hash  // of event Head
	OldestRetained int64 // the first id that the store still has and could send
	SchemaVersions map[string]int32
}

// Welcome is HQ's answer to a hello, beside its watermark.
type Welcome struct {
	Epoch           int64    // that HQ issued to the store last
	UnreadableTypes []string // of the hello's types, those that this HQ would quarantine
}

// Answer is what HQ says on a stream: an acknowledgement, and the terms for what
// is to come. Its watermark is committed.
type Answer struct {
	Ack
	FirstID int64    // of the batch that it answers; 0: of none
	Credit  int      // batches that may be unacknowledged from now on; 0: a pause
	Drain   bool     // send nothing more here: finish, close and open another stream
	Welcome *Welcome // once, in the answer to the hello
}

// Credits of a stream: HQ grants the first, and raises it to the second while
// the store has more to send and the database keeps up.
const (
	FirstCredit = 2
	MostCredit  = 8
)

// Validate checks a hello's fields; the error's code is batch_invalid.
func (h *Hello) Validate() error {
	switch {
	case !ValidName(h.StoreID):
		return invalid("hello.store_id", "is not 1 to 16 letters and digits")
	case h.Epoch < 1:
		return invalid("hello.epoch", "counts from 1")
	case h.Head < 0:
		return invalid("hello.head", "is less than 0")
	case h.Head == 0 && h.HeadHash != Hash{}:
		return invalid("hello.head_hash", "is zeros before id 1")
	case h.OldestRetained < 0:
		return invalid("hello.oldest_retained", "is less than 0")
	case len(h.SchemaVersions) > MaxTypes:
		return invalid("hello.schema_versions", "are more than 100")
	}
	for name := range h.SchemaVersions { // HQ repeats those that it cannot read
		if !validType(name) {
			return invalid("hello.schema_versions", "has a name that is not 1 to 64 letters")
		}
	}
	return nil
}

// MaxTypes is how many types of events a store may name in its hello: several
// times those that there are.
const MaxTypes = 100

// Held is what HQ has of a store's log at the moment of a decision, locked
// against change. The zero Held is a store that HQ does not know.
type Held struct {
	Known        bool
	Epoch        int64 // that HQ issued last
	ReceivedUpto int64
	ChainHash    Hash        // of event ReceivedUpto
	Run          []HeldEvent // of the ids first_id − 1 to last id of the batch, or of the hello's head: what HQ has of them, ascending
}

// HeldEvent is an event that HQ has.
type HeldEvent struct {
	ID   int64
	Hash Hash
}

// Judge compares a batch with what HQ holds, in the contract's order, and
// returns HQ's refusal or nil. brokenAt is b.BrokenAt(), which needs no lock.
// batch_invalid comes before (Validate), event_id_reused after, with the insert.
func (h *Held) Judge(b *Batch, brokenAt int64) error {
	if err := h.speaks(b.StoreID, b.Epoch); err != nil {
		return err
	}
	switch {
	case b.FirstID > h.ReceivedUpto+1:
		return fault.New(fault.Conflict, CodeGap, "the batch begins at %d, HQ needs %d next", b.FirstID, h.ReceivedUpto+1).
			Advise("send from expected_id").With("expected_id", h.ReceivedUpto+1).With("chain_hash", h.ChainHash)
	case brokenAt != 0:
		return fault.New(fault.Invalid, CodeHashMismatch, "the hash of event %d is not that of its bytes", brokenAt).
			Advise("send it again; if that does not help, verify the outbox at the store").With("at_id", brokenAt)
	}
	for _, held := range h.Run {
		mine := b.PrevHash
		if held.ID >= b.FirstID {
			mine = b.Events[held.ID-b.FirstID].Hash
		}
		if held.Hash != mine {
			return forked(b.StoreID, held.ID)
		}
	}
	return nil
}

// Greet compares a hello with what HQ holds and returns HQ's refusal or nil. A
// store whose log ends before HQ's watermark was restored from an older backup:
// rewind, or fork if it has sold on since. Neither is ever overwritten.
func (h *Held) Greet(hello *Hello) error {
	if err := h.speaks(hello.StoreID, hello.Epoch); err != nil {
		return err
	}
	for _, held := range h.Run {
		if held.ID == hello.Head && held.Hash != hello.HeadHash {
			return forked(hello.StoreID, held.ID)
		}
	}
	if hello.Head < h.ReceivedUpto {
		return fault.New(fault.Conflict, CodeRewind, "HQ holds store %s up to event %d, but its log ends at %d", hello.StoreID, h.ReceivedUpto, hello.Head).
			Advise("was the store restored from an older backup? see docs/sync-protocol.md, «Recovery»").
			With("received_upto", h.ReceivedUpto).With("chain_hash", h.ChainHash)
	}
	return nil
}

// speaks tells whether the sender may speak for the store now.
func (h *Held) speaks(storeID string, epoch int64) error {
	switch {
	case !h.Known:
		return fault.New(fault.NotFound, CodeStoreUnknown, "HQ has no store %s", storeID).
			Advise("register it with hq-platform store add")
	case epoch != h.Epoch:
		return fault.New(fault.Conflict, CodeFenced, "epoch %d does not speak for store %s: HQ issued %d last", epoch, storeID, h.Epoch).
			Advise("another box has taken this store over: stop sending").With("epoch", h.Epoch)
	}
	return nil
}

func forked(storeID string, at int64) error {
	return fault.New(fault.Conflict, CodeFork, "HQ holds another event %d of store %s", at, storeID).
		Advise("two boxes wrote this store's log, or its database was changed: stop sending and look").With("at_id", at)
}
