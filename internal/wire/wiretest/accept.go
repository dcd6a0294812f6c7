package wiretest

import (
	"slices"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// greet answers a hello, as intake does.
func (p *process) greet(hello *wire.Hello) (wire.Answer, error) {
	if err := hello.Validate(); err != nil {
		return wire.Answer{}, err
	}
	a, unlock, err := p.open(p.ctx, hello.StoreID)
	if err != nil {
		return wire.Answer{}, err
	}
	defer unlock()
	p.hq.mu.Lock()
	defer p.hq.mu.Unlock()
	held := a.held(hello.Head, hello.Head)
	if p.hq.Bug == NoFence {
		held.Epoch = hello.Epoch
	}
	if err := held.Greet(hello); err != nil && (p.hq.Bug != ForkOverwritten || fault.KindOf(err) != fault.Conflict) {
		return wire.Answer{}, err
	}
	return wire.Answer{Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: a.upto, ChainHash: a.hash}, Credit: wire.FirstCredit,
		Welcome: &wire.Welcome{Epoch: a.epoch}}, nil
}

// accept is HQ's transaction for a batch. say sends the answer; it is called once,
// after the commit (unless that is the bug).
func (p *process) accept(b *wire.Batch, say func(wire.Ack)) error {
	if err := b.Validate(); err != nil {
		return err
	}
	broken := b.BrokenAt()
	a, unlock, err := p.open(p.ctx, b.StoreID)
	if err != nil {
		return err
	}
	defer unlock()
	fresh, err := p.judge(a, b, broken)
	if err != nil {
		return err
	}
	ack := p.acknowledge(a, b, fresh)
	if p.hq.Bug == AckBeforeCommit {
		say(ack)
	}
	if !p.works() || !p.hit(BeforeCommit) || !p.commit(a, b, fresh) || !p.hit(AfterCommit) {
		return errGone
	}
	if p.hq.Bug != AckBeforeCommit {
		say(ack)
	}
	return nil
}

// judge returns what is new in a batch, or HQ's refusal.
func (p *process) judge(a *archive, b *wire.Batch, broken int64) (fresh []wire.Event, err error) {
	p.hq.mu.Lock()
	defer p.hq.mu.Unlock()
	if p.hq.Bug == HashUnchecked {
		broken = 0
	}
	held := a.held(b.FirstID-1, b.LastID())
	err = held.Judge(b, broken)
	switch code := fault.CodeOf(err); {
	case code == wire.CodeGap && p.hq.Bug == NoGapCheck:
		return b.Events, nil
	case code == wire.CodeFenced && p.hq.Bug == NoFence:
		held.Epoch = b.Epoch
		err = held.Judge(b, broken)
	case code == wire.CodeFork && p.hq.Bug == ForkOverwritten:
		a.cut(max(1, fault.As(err).Details["at_id"].(int64))) //nolint:forcetypeassert // as Judge writes it
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if at := a.reused(b.Events); at != 0 && p.hq.Bug != IDReused {
		return nil, fault.New(fault.Conflict, wire.CodeEventIDReused, "an event_id of the batch stands under another id already").With("at_id", at)
	}
	return b.Events[min(int64(len(b.Events)), a.upto+1-b.FirstID):], nil
}

// works is the transaction's time; false: HQ died in it.
func (p *process) works() bool {
	timer := time.NewTimer(p.hq.Work())
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// commit makes a batch durable: its events, their effects and the watermark, at
// one moment. false: HQ died before the end.
func (p *process) commit(a *archive, b *wire.Batch, fresh []wire.Event) bool {
	switch p.hq.Bug {
	case CursorFirst:
		return p.durable(a, func() { a.advance(fresh) }) && p.works() && p.hit(Between) && p.durable(a, func() { a.store(fresh); p.wrote(b, fresh) })
	case CursorLast:
		return p.durable(a, func() { a.store(fresh); p.wrote(b, fresh) }) && p.works() && p.hit(Between) && p.durable(a, func() { a.advance(fresh) })
	default:
		return p.durable(a, func() {
			a.store(fresh)
			a.advance(fresh)
			p.wrote(b, fresh)
			if p.hq.Bug == OverlapTwice {
				for i := range b.Events[:len(b.Events)-len(fresh)] {
					a.apply(&b.Events[i])
				}
			}
		})
	}
}

func (p *process) wrote(b *wire.Batch, fresh []wire.Event) {
	p.hq.oracle.committed(b.StoreID, fresh)
}

// durable does write at one moment, or not at all. Another disk under the
// transaction (Restore) is the end of it, as it is of a database's connection.
func (p *process) durable(a *archive, write func()) bool {
	p.hq.mu.Lock()
	defer p.hq.mu.Unlock()
	known := false
	for _, on := range p.hq.disk {
		known = known || on == a
	}
	if p.ctx.Err() != nil || !known {
		return false
	}
	write()
	return true
}

// acknowledge is the answer to a batch.
func (p *process) acknowledge(a *archive, b *wire.Batch, fresh []wire.Event) wire.Ack {
	p.hq.mu.Lock()
	defer p.hq.mu.Unlock()
	ack := wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: a.upto, ChainHash: a.hash}
	overlap := len(b.Events) - len(fresh)
	for i := range b.Events {
		e := &b.Events[i]
		switch {
		case e.Type == TypePoisoned:
			ack.Errors = append(ack.Errors, wire.EventError{ID: e.ID, EventID: e.EventID, Code: "payload_invalid", Message: "cannot be read"})
		case i < overlap && p.hq.Bug != TakenAgain:
			ack.Duplicates++
			ack.DuplicateIDs = append(ack.DuplicateIDs, e.EventID)
		default:
			ack.Accepted++
			ack.AcceptedIDs = append(ack.AcceptedIDs, e.EventID)
		}
	}
	if len(fresh) > 0 {
		last := &fresh[len(fresh)-1]
		ack.ReceivedUpto, ack.ChainHash = last.ID, last.Hash
	}
	ack.RetryAfterMS, p.hq.retry = p.hq.retry.Milliseconds(), 0
	ack.Errors = slices.Clip(ack.Errors)
	return ack
}
