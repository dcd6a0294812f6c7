package uplink

import (
	"cmp"
	"time"

	"tiem/internal/edge/line"
)

// Config tunes a relay; zero values take the defaults in brackets.
type Config struct {
	RetryMin     time.Duration // SYNC_RETRY_MIN: the first pause's upper bound [200 ms]
	RetryMax     time.Duration // SYNC_RETRY_MAX: no pause is longer [30 s]
	Batch        int           // SYNC_BATCH: events of a batch [50]
	BatchBacklog int           // SYNC_BATCH_BACKLOG: events of a batch while more than Batch wait [500]
	Timeout      time.Duration // SYNC_TIMEOUT: how long the Link lets an exchange take [5 s]
	Poll         time.Duration // the slow poll that makes hints dispensable [1 s]
	Resync       time.Duration // how often HQ is asked where it stands [1 min]
	AlarmPause   time.Duration // between tries while an alarm is up [SYNC_RETRY_MAX]
	Traffic      *Traffic      // of the tills, to give way to [none]
	Line         *line.Line    // hears how sending goes, and says when HQ is back [one that nobody else knows]
}

func (c Config) withDefaults() Config {
	c.RetryMin = cmp.Or(c.RetryMin, 200*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.Batch = cmp.Or(c.Batch, 50)
	c.BatchBacklog = cmp.Or(c.BatchBacklog, 500)
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.Poll = cmp.Or(c.Poll, time.Second)
	c.Resync = cmp.Or(c.Resync, time.Minute)
	c.AlarmPause = cmp.Or(c.AlarmPause, c.RetryMax)
	if c.Line == nil {
		c.Line = line.New(line.Config{})
	}
	return c
}

// maxPayload bounds the payload bytes of one batch, so that a slow line shows
// progress and HQ's limit of 4 MiB is never near.
const maxPayload = 1 << 20
