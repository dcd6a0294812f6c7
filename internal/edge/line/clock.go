package line

import "time"

// samplesKept is how many exchanges are remembered: some two minutes of them.
const samplesKept = 8

// drift is how far two clocks that nobody has set may part meanwhile.
const drift = 50 * time.Millisecond

// sample is one comparison of the clocks. The truth is within offset ± trip/2,
// as the answer was given somewhere between the question and its arrival.
type sample struct {
	offset time.Duration // our clock minus HQ's
	trip   time.Duration // of the question and the answer
}

// compare makes a sample: asked and answered are by our clock, there is HQ's
// time between them. The trip is measured by the monotonic clock if the times
// have it, which they do unless a test made them up.
func compare(asked, answered, there time.Time) sample {
	trip := max(0, answered.Sub(asked))
	return sample{offset: asked.Add(trip / 2).Round(0).Sub(there.Round(0)), trip: trip}
}

// contradicts tells whether both cannot be true: somebody has set a clock.
func (s sample) contradicts(o sample) bool {
	return (s.offset - o.offset).Abs() > (s.trip+o.trip)/2+drift
}

// offset is how far the clocks are apart, by the last few samples.
type offset struct{ samples []sample }

// add takes a new sample; what it contradicts was measured before a clock was set.
func (o *offset) add(s sample) {
	kept := o.samples[:0]
	for _, old := range o.samples {
		if !s.contradicts(old) {
			kept = append(kept, old)
		}
	}
	if len(kept) == samplesKept {
		kept = append(kept[:0], kept[1:]...)
	}
	o.samples = append(kept, s)
}

// best is the sample with the shortest trip; false: there is none.
func (o *offset) best() (best sample, known bool) {
	for i, s := range o.samples {
		if i == 0 || s.trip <= best.trip { // of equals the newest
			best = s
		}
	}
	return best, len(o.samples) > 0
}
