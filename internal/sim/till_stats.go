package sim

import (
	"fmt"
	"time"
)

// TillStats count what a till has done.
type TillStats struct {
	Requests int           `json:"requests"` // that were answered with a success, a repeated one once
	Retries  int           `json:"retries"`
	Stall    time.Duration `json:"-"` // the longest wait for one answer, its retries included

	Suspended int `json:"suspended"`
	Resumed   int `json:"resumed"`    // baskets that were suspended, here or at another till
	Died      int `json:"died"`       // tills that fell silent over a basket
	TakenOver int `json:"taken_over"` // baskets of such tills
	Favours   int `json:"favours"`    // discounts and prices that the manager approved
	Others    int `json:"voided_for_others"`
}

func (s *TillStats) add(other TillStats) {
	s.Requests += other.Requests
	s.Retries += other.Retries
	s.Stall = max(s.Stall, other.Stall)
	s.Suspended, s.Resumed = s.Suspended+other.Suspended, s.Resumed+other.Resumed
	s.Died, s.TakenOver = s.Died+other.Died, s.TakenOver+other.TakenOver
	s.Favours, s.Others = s.Favours+other.Favours, s.Others+other.Others
}

// Moves are what baskets went through besides a sale, in words.
func (s *TillStats) Moves() string {
	return fmt.Sprintf("%d suspended and %d resumed, %d tills died and %d baskets were taken over, %d discounts and prices approved, %d baskets voided for others",
		s.Suspended, s.Resumed, s.Died, s.TakenOver, s.Favours, s.Others)
}
