package uplink

import (
	"sync"
	"time"

	"tiem/internal/fault"
)

// Status is how far the relay has come.
type Status struct {
	Acked    int64
	Alarm    *Alarm // nil: none
	Protocol string // wire.HTTP or wire.GRPC: that of the conversation that is held, or was last
	Fallback bool   // it is not the protocol that is wanted
}

// Alarm is something that only a person can mend.
type Alarm struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

// state is shared between the relay's loop and readers of its status.
type state struct {
	mu       sync.Mutex
	status   Status
	trouble  *Alarm // why the last conversation ended; nil: HQ has acknowledged since, or all is said
	onChange func() // nil: nobody asks
}

func newState(protocol string) *state { return &state{status: Status{Protocol: protocol}} }

// OnChange registers f to be called when the status has changed: after every
// acknowledgement, when an alarm goes up or down, and when the protocol changes.
// It must not block.
func (s *state) OnChange(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onChange = f
}

// changed tells who asked to be told. The caller has the lock.
func (s *state) changed() {
	if s.onChange != nil {
		s.onChange()
	}
}

// Status returns the present status.
func (s *state) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// reached notes how far HQ has acknowledged, and that it was there to do so.
func (r *Relay) reached(acked int64) {
	r.line.Good()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status.Acked != acked {
		r.status.Acked = acked
		r.changed()
	}
}

// using notes over which protocol the conversation is held.
func (s *state) using(protocol string, fallback bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Protocol != protocol || s.status.Fallback != fallback {
		s.status.Protocol, s.status.Fallback = protocol, fallback
		s.changed()
	}
}

// mended takes the alarm down: a batch was acknowledged, or there is none to send.
// HQ's mere word for where it stands is not enough, or the alarm would flicker.
func (s *state) mended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = nil
	if s.status.Alarm != nil {
		s.status.Alarm = nil
		s.changed()
	}
}

func (s *state) alarm(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if told := toldOf(err, s.status.Alarm); told != s.status.Alarm {
		s.status.Alarm = told
		s.changed()
	}
}

// failing notes why a conversation ended.
func (s *state) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = toldOf(err, s.trouble)
}

// LastError is why the last conversation with HQ ended, since when it is so, in the
// words that a till may see; nil: HQ has acknowledged a batch since, or there is
// none to send.
func (s *state) LastError() *Alarm {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// toldOf is err as people are told; before is what they were told last, and still
// are if it is the same.
func toldOf(err error, before *Alarm) *Alarm {
	code, message := fault.CodeOf(err), err.Error()
	if e := fault.As(err); e != nil {
		message = e.Message
	}
	if before != nil && before.Code == code {
		return before
	}
	return &Alarm{Code: code, Message: message, Since: time.Now()}
}
