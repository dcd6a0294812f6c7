package uplink

import (
	"sync"
	"time"

	"tiem/internal/fault"
)

// Status is what the relay knows about the line to HQ.
type Status struct {
	Online   bool
	Since    time.Time // of Online or not
	HQLastOK time.Time // when HQ last answered well; zero: never
	Acked    int64
	Alarm    *Alarm // nil: none
}

// Alarm is something that only a person can mend.
type Alarm struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

// state is shared between the relay's loop and readers of its status.
type state struct {
	mu     sync.Mutex
	status Status
}

func newState() *state { return &state{status: Status{Since: time.Now()}} }

// Status returns the present status.
func (s *state) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *state) online(acked int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.status.Online {
		s.status.Online, s.status.Since = true, now
	}
	s.status.HQLastOK, s.status.Acked = now, acked
}

// mended takes the alarm down: a batch was acknowledged, or there is none to send.
// HQ's mere word for where it stands is not enough, or the alarm would flicker.
func (s *state) mended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Alarm = nil
}

func (s *state) offline() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Online {
		s.status.Online, s.status.Since = false, time.Now()
	}
}

func (s *state) alarm(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, message := fault.CodeOf(err), err.Error()
	if e := fault.As(err); e != nil {
		message = e.Message
	}
	if s.status.Alarm == nil || s.status.Alarm.Code != code {
		s.status.Alarm = &Alarm{Code: code, Message: message, Since: time.Now()}
	}
}
