package grpcapi

import (
	"sync"
	"time"

	"tiem/internal/wire"
)

// lives tells the store every two seconds that HQ is at work for it, until the
// result is called: behind that, no such word follows. Nobody else may say
// anything, or change the stream's state, meanwhile.
func (c *stream) lives() (enough func()) {
	var mu sync.Mutex
	over := false
	mu.Lock() // until there is a timer to set again
	defer mu.Unlock()
	var timer *time.Timer
	timer = time.AfterFunc(c.server.livesEvery, func() {
		mu.Lock()
		defer mu.Unlock()
		if over || c.say(&wire.Answer{Ack: c.mark}) != nil { // what the stream is over for, the next answer says
			return
		}
		timer.Reset(c.server.livesEvery)
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
}
