package wiretest

import (
	"maps"
	"slices"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/wire"
)

// TypePoisoned is the type of an event that HQ keeps but cannot apply.
const TypePoisoned = "Poisoned"

// archive is what HQ has on disk of one store.
type archive struct {
	epoch   int64
	upto    int64 // the watermark
	hash    wire.Hash
	log     []wire.Event
	byID    map[uuid.UUID]int64 // event_id → id
	effects map[uuid.UUID]int   // how often each event was applied
}

func newArchive() *archive {
	return &archive{epoch: 1, byID: map[uuid.UUID]int64{}, effects: map[uuid.UUID]int{}}
}

// copied is a backup: events never change, so they are shared.
func (a *archive) copied() *archive {
	c := *a
	c.log, c.byID, c.effects = slices.Clone(a.log), maps.Clone(a.byID), maps.Clone(a.effects)
	return &c
}

// at is the stored event of that id; nil if there is none.
func (a *archive) at(id int64) *wire.Event {
	if id >= 1 && id <= int64(len(a.log)) && a.log[id-1].ID == id {
		return &a.log[id-1]
	}
	for i := range a.log { // only a broken HQ comes here with something to find
		if a.log[i].ID == id {
			return &a.log[i]
		}
	}
	return nil
}

// held is what the rules of package wire want to know, of the ids from to last.
func (a *archive) held(from, last int64) *wire.Held {
	h := &wire.Held{Known: true, Epoch: a.epoch, ReceivedUpto: a.upto, ChainHash: a.hash}
	for id := max(1, from); id <= min(last, int64(len(a.log))); id++ {
		if e := a.at(id); e != nil {
			h.Run = append(h.Run, wire.HeldEvent{ID: id, Hash: e.Hash})
		}
	}
	return h
}

// reused is the first event whose event_id stands under another id; 0: none.
func (a *archive) reused(events []wire.Event) int64 {
	seen := make(map[uuid.UUID]int64, len(events))
	for i := range events {
		e := &events[i]
		if at, ok := a.byID[e.EventID]; ok && at != e.ID {
			return e.ID
		}
		if at, ok := seen[e.EventID]; ok && at != e.ID {
			return e.ID
		}
		seen[e.EventID] = e.ID
	}
	return 0
}

// store adds events and, unless they are poisonous, their effects.
func (a *archive) store(events []wire.Event) {
	for i := range events {
		e := &events[i]
		a.log = append(a.log, *e)
		a.byID[e.EventID] = e.ID
		a.apply(e)
	}
}

func (a *archive) apply(e *wire.Event) {
	if e.Type != TypePoisoned {
		a.effects[e.EventID]++
	}
}

// advance moves the watermark behind the last of events.
func (a *archive) advance(events []wire.Event) {
	if len(events) > 0 {
		last := &events[len(events)-1]
		a.upto, a.hash = last.ID, last.Hash
	}
}

// cut forgets everything from id on.
func (a *archive) cut(id int64) {
	a.log = slices.Clone(a.log[:id-1])
	a.upto, a.hash = id-1, wire.Hash{}
	if id > 1 {
		a.hash = a.log[id-2].Hash
	}
}
