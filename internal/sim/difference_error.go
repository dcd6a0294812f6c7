package sim

import "fmt"

// DifferenceError is the first thing that is not as it must be. It is an error: the
// check failed.
type DifferenceError struct {
	Invariant string `json:"invariant"`      // A, B, C or D of design.md §3, or "edge=HQ"
	StoreID   string `json:"store_id"`       // of the store that was checked
	ID        int64  `json:"id,omitzero"`    // the event's; 0: it is about no single event
	About     string `json:"about,omitzero"` // a transaction, a receipt, an item
	What      string `json:"what"`           // for people
	Want      string `json:"want,omitzero"`  // what must be there: as a rule, what the edge has
	Got       string `json:"got,omitzero"`   // what is there: as a rule, what HQ has
}

// Error is all of it, on one line.
func (d *DifferenceError) Error() string {
	s := d.Invariant + ": "
	if d.StoreID != "" {
		s += "store " + d.StoreID + ", "
	}
	if d.ID != 0 {
		s += fmt.Sprintf("event %d, ", d.ID)
	}
	if d.About != "" {
		s += d.About + ", "
	}
	s += d.What
	if d.Want != "" || d.Got != "" {
		s += fmt.Sprintf(" — must be: %s; is: %s", d.Want, d.Got)
	}
	return s
}
