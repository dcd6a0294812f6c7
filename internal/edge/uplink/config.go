package uplink

import (
	"cmp"
	"math/rand/v2"
	"time"

	"tiem/internal/edge/line"
)

// Config tunes a relay; zero values take the defaults in brackets.
type Config struct {
	RetryMin     time.Duration // SYNC_RETRY_MIN: the first pause's upper bound [200 ms]
	RetryMax     time.Duration // SYNC_RETRY_MAX: no pause is longer [30 s]
	Batch        int           // SYNC_BATCH: events of a batch [50]
	BatchBacklog int           // SYNC_BATCH_BACKLOG: events of a batch while more than Batch wait [500]
	Timeout      time.Duration // SYNC_TIMEOUT: how long HQ may take for an answer [5 s]
	Poll         time.Duration // the slow poll that makes hints dispensable [1 s]
	Silence      time.Duration // after which HQ is asked whether it is there [15 s]
	Resync       time.Duration // how often HQ is asked where it stands [1 min]
	DetourAfter  time.Duration // for how long the first way must have failed before the second is tried [10 s]
	BackFirst    time.Duration // the first try of the way back from the second way [30 s]; it doubles
	BackMost     time.Duration // no two tries are further apart [10 min]
	AlarmPause   time.Duration // between tries while an alarm is up [SYNC_RETRY_MAX]
	Traffic      *Traffic      // of the tills, to give way to [none]
	Line         *line.Line    // hears how sending goes, and says when HQ is back [one that nobody else knows]

	Jitter func(most time.Duration) time.Duration // uniform in [0, most], for a simulation with seeds; called by Drive only [math/rand/v2]
}

func (c Config) withDefaults() Config {
	c.RetryMin = cmp.Or(c.RetryMin, 200*time.Millisecond)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.Batch = cmp.Or(c.Batch, 50)
	c.BatchBacklog = cmp.Or(c.BatchBacklog, 500)
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.Poll = cmp.Or(c.Poll, time.Second)
	c.Silence = cmp.Or(c.Silence, 15*time.Second)
	c.Resync = cmp.Or(c.Resync, time.Minute)
	c.DetourAfter = cmp.Or(c.DetourAfter, 10*time.Second)
	c.BackFirst = cmp.Or(c.BackFirst, 30*time.Second)
	c.BackMost = cmp.Or(c.BackMost, 10*time.Minute)
	c.AlarmPause = cmp.Or(c.AlarmPause, c.RetryMax)
	if c.Line == nil {
		c.Line = line.New(line.Config{})
	}
	if c.Jitter == nil {
		c.Jitter = func(most time.Duration) time.Duration { return rand.N(most + 1) }
	}
	return c
}

// maxPayload bounds the payload bytes of one batch, so that a slow line shows
// progress and HQ's limit of 4 MiB is never near.
const maxPayload = 1 << 20
