package wiretest

import "tiem/internal/wire"

// seen is what the oracle has seen of a box's marks.
type seen struct {
	upto  int64              // that it marked last
	falls int                // of HQ, when a mark of the box went back last
	owed  map[int64]struct{} // what HQ told the box that it set aside, and the box has not noted
}

// owes hears which events HQ set aside, as a box reads it in an answer that is as
// HQ sent it.
func (o *Oracle) owes(s *seen, a *wire.Answer) {
	for _, e := range a.Errors {
		if !o.poisoned(e) {
			return // a bit was changed
		}
	}
	for _, e := range a.Errors {
		if s.owed == nil {
			s.owed = map[int64]struct{}{}
		}
		s.owed[e.ID] = struct{}{}
	}
}

func (o *Oracle) poisoned(e wire.EventError) bool {
	if e.ID < 1 || e.ID > int64(len(o.truth)) {
		return false
	}
	mine := &o.truth[e.ID-1]
	return mine.Type == TypePoisoned && mine.EventID == e.EventID
}

// marked sees a box's mark, and what it notes with it as set aside by HQ. A mark
// goes back only when HQ did, once for each time.
func (o *Oracle) marked(s *seen, upto int64, hash wire.Hash, setAside []wire.EventError) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if had, ok := o.had[upto]; !ok || had != hash {
		o.broken("published", "the store marked %d, which HQ never had", upto)
	}
	if upto < s.upto {
		if s.falls == o.falls && !o.flipped { // a changed bit can make HQ's word any number
			o.broken("published", "the store marked %d behind %d, and HQ did not fall back", upto, s.upto)
		}
		s.falls = o.falls
	}
	s.upto = upto
	for _, e := range setAside {
		if !o.poisoned(e) && !o.flipped {
			o.broken("set aside", "the store noted event %d as set aside, which HQ has applied", e.ID)
		}
		delete(s.owed, e.ID)
	}
	for id := range s.owed {
		if id <= upto && !o.flipped { // an answer with a changed bit is not believed, and neither is what it said of events
			o.broken("set aside", "the store marked %d and did not note that HQ set event %d aside", upto, id)
		}
	}
	o.published = max(o.published, upto)
}
