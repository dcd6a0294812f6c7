package sim

import (
	"math/bits"
	"time"
)

// subBits is the resolution of a histogram: 64 buckets for each power of two of
// microseconds, so a quantile is at most 1.6 % above the exact one.
const subBits = 6

// histogram counts durations in buckets whose width grows with the duration.
// It never forgets and never grows beyond its largest bucket.
type histogram struct {
	counts []int64
	total  int64
}

// bucketOf is the bucket of so many microseconds: below 2^subBits one each, then
// 2^subBits for each power of two.
func bucketOf(us uint64) int {
	if us < 1<<subBits {
		return int(us)
	}
	shift := bits.Len64(us) - 1 - subBits
	return (shift+1)<<subBits + int(us>>shift) - 1<<subBits
}

// bucketTop is the largest number of microseconds in a bucket.
func bucketTop(bucket int) uint64 {
	if bucket < 1<<subBits {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	return (uint64(bucket&(1<<subBits-1))+1<<subBits+1)<<shift - 1
}

func (h *histogram) add(d time.Duration) {
	bucket := bucketOf(uint64(max(0, d.Microseconds())))
	if bucket >= len(h.counts) {
		h.counts = append(h.counts, make([]int64, bucket+1-len(h.counts))...)
	}
	h.counts[bucket]++
	h.total++
}

// quantile is the smallest duration that so many of 1,000 were not above; 0 if
// there was none.
func (h *histogram) quantile(perMille int64) time.Duration {
	rank := max(1, (h.total*perMille+999)/1000)
	var seen int64
	for bucket, count := range h.counts {
		if seen += count; seen >= rank {
			return time.Duration(bucketTop(bucket)) * time.Microsecond
		}
	}
	return 0
}
