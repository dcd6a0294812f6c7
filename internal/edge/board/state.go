package board

import (
	"context"
	"time"

	"tiem/internal/edge/line"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/uplink"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// State is how the shop stands to HQ.
type State struct {
	StoreID              string        `json:"store_id"`
	Connectivity         string        `json:"connectivity" enum:"ONLINE,OFFLINE"`
	Since                time.Time     `json:"since" doc:"of this connectivity"`
	HQLastOK             *time.Time    `json:"hq_last_ok,omitempty" doc:"when HQ last answered well"`
	Protocol             string        `json:"protocol" enum:"http,grpc"`
	FallbackActive       bool          `json:"fallback_active"`
	Head                 int64         `json:"head"`
	Acked                int64         `json:"acked"`
	PendingEvents        int64         `json:"pending_events" doc:"that HQ has never acknowledged"`
	OldestPendingSeconds float64       `json:"oldest_pending_seconds" doc:"0 when nothing is pending"`
	ClockOffsetMS        *int64        `json:"clock_offset_ms,omitempty" doc:"this machine's clock minus HQ's; absent: not measured"`
	CatalogVersion       int64         `json:"catalog_version" doc:"0: loaded from a file"`
	Alarm                *uplink.Alarm `json:"alarm,omitempty" doc:"what only a person can mend; sales go on"`
	LastError            *uplink.Alarm `json:"last_error,omitempty" doc:"why the last conversation with HQ ended; absent once HQ has acknowledged a batch since, or nothing is to be sent"`
	Health               Health        `json:"health"`
}

// Health is what the probes of the line have found.
type Health struct {
	LastProbeAt   *time.Time `json:"last_probe_at,omitempty" doc:"absent: nobody has asked"`
	LastErrorCode string     `json:"last_error_code,omitempty" doc:"of the last failure; absent while HQ answers"`
	Failures      int        `json:"failures" doc:"in a row"`
}

// Source is where a state is read.
type Source struct {
	DB     *postgres.DB
	Outbox *outbox.Log
	Line   *line.Line
	Relay  *uplink.Relay // nil: there is no HQ to relay to
	Now    func() time.Time
}

// Read returns the present state; its error is a fault of the database.
func (s Source) Read(ctx context.Context) (State, error) {
	at, err := s.Outbox.Where(ctx, s.DB)
	if err != nil {
		return State{}, err
	}
	oldest, err := s.Outbox.OldestPending(ctx, s.DB, at)
	if err != nil {
		return State{}, err
	}
	state := State{StoreID: at.StoreID, Protocol: wire.HTTP, Head: at.Head, Acked: at.Acked, PendingEvents: at.Pending()}
	if !oldest.IsZero() {
		state.OldestPendingSeconds = max(0, s.Now().Sub(oldest).Seconds())
	}
	if s.Relay != nil {
		relay := s.Relay.Status()
		state.Alarm, state.Protocol, state.FallbackActive = relay.Alarm, relay.Protocol, relay.Fallback
		state.LastError = s.Relay.LastError()
	}
	state.hear(s.Line.Status())
	return state, nil
}

func (s *State) hear(l line.Status) {
	s.Connectivity, s.Since = "OFFLINE", l.Since
	if l.Online {
		s.Connectivity = "ONLINE"
	}
	if !l.HQLastOK.IsZero() {
		s.HQLastOK = &l.HQLastOK
	}
	if l.ClockOffset != nil {
		ms := l.ClockOffset.Milliseconds()
		s.ClockOffsetMS = &ms
	}
	s.Health = Health{LastErrorCode: l.Health.LastErrorCode, Failures: l.Health.Failures}
	if !l.Health.LastProbeAt.IsZero() {
		s.Health.LastProbeAt = &l.Health.LastProbeAt
	}
}

// news is what makes a state worth posting. Times that pass by themselves are none.
type news struct {
	connectivity string
	since        time.Time
	alarm        uplink.Alarm
	head, acked  int64
	pending      int64
	skew         int64 // seconds; meaningless unless measured
	measured     bool
	protocol     string
	fallback     bool
}

func (s *State) news() news {
	n := news{connectivity: s.Connectivity, since: s.Since, head: s.Head, acked: s.Acked, pending: s.PendingEvents, protocol: s.Protocol, fallback: s.FallbackActive}
	if s.Alarm != nil {
		n.alarm = *s.Alarm
	}
	if s.ClockOffsetMS != nil {
		n.measured, n.skew = true, *s.ClockOffsetMS/1000
	}
	return n
}
