package wire

import "time"

// Heartbeat is what a store tells HQ now and then while the line is up:
// POST /v1/stores/{id}/heartbeat.
type Heartbeat struct {
	Head          int64     `json:"head"`                      // the last id of the store's log
	SentAt        time.Time `json:"sent_at"`                   // the store's clock
	ClockOffsetMS *int64    `json:"clock_offset_ms,omitempty"` // the store's clock minus HQ's, as earlier heartbeats measured it; nil: not known
}

// HeartbeatAnswer is HQ's answer to it.
type HeartbeatAnswer struct {
	Now          time.Time `json:"now"` // HQ's clock, to the millisecond or better
	ReceivedUpto int64     `json:"received_upto"`
}
