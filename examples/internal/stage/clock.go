package stage

import (
	"sync/atomic"
	"time"
)

// Clock is the real time until it is put forward to the hour of closing: an example does not
// wait for the end of the day.
type Clock struct {
	closing time.Time
	put     atomic.Bool
}

// NewClock returns a clock for a poll that closes at a time in UTC seconds.
func NewClock(closes int64) *Clock { return &Clock{closing: time.Unix(closes, 0)} }

// PutForward puts the clock to the hour of closing.
func (c *Clock) PutForward() { c.put.Store(true) }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	if c.put.Load() {
		return c.closing
	}
	return time.Now()
}
