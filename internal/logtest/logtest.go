// Package logtest is a program's log in a test, for tests of what is logged.
//
// Programs log from many goroutines, and a test reads while they do: a Log is
// written and read at once. It keeps everything, in the order in which it came.
package logtest

import (
	"bytes"
	"sync"
)

// Log is an io.Writer that can be read meanwhile. The zero Log is empty and ready.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer; it never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
