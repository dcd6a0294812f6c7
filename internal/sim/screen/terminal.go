package screen

import (
	"io"
	"os"
	"strings"
	"sync"

	"tiem/internal/sim"
)

// IsTerminal tells whether w is a terminal that can be painted on.
func IsTerminal(w io.Writer, env func(string) string) bool {
	file, ok := w.(*os.File)
	if !ok || env("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull) // a character device, too
	return err != nil || !os.SameFile(info, null)
}

// Terminal paints pictures in place. It is safe for concurrent use; Close it
// whatever happens, or the cursor stays hidden.
type Terminal struct {
	out    io.Writer
	colour bool

	mu     sync.Mutex
	begun  bool
	closed bool
}

// NewTerminal paints on out; env is asked for NO_COLOR.
func NewTerminal(out io.Writer, env func(string) string) *Terminal {
	return &Terminal{out: out, colour: env("NO_COLOR") == ""}
}

const (
	clearScreen = "\x1b[2J"
	home        = "\x1b[H"
	clearLine   = "\x1b[K"
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	plain       = "\x1b[0m"
)

var colours = map[paint]string{strong: "\x1b[1m", good: "\x1b[32m", bad: "\x1b[31m", faint: "\x1b[2m"}

// Show paints a picture over the last one. A terminal that went away is not the
// run's concern.
func (t *Terminal) Show(p sim.Picture) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	var frame strings.Builder
	if !t.begun {
		frame.WriteString(hideCursor + clearScreen)
		t.begun = true
	}
	frame.WriteString(home)
	for i, line := range Draw(p) {
		if i > 0 {
			frame.WriteString("\r\n")
		}
		if colour := colours[line.paint]; t.colour && colour != "" && line.Text != "" {
			frame.WriteString(colour + line.Text + plain)
		} else {
			frame.WriteString(line.Text)
		}
		frame.WriteString(clearLine)
	}
	_, _ = io.WriteString(t.out, frame.String())
}

// Painting tells whether a picture is on the screen, so that a line would spoil it.
func (t *Terminal) Painting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.begun && !t.closed
}

// Close gives the cursor back, below the picture; a second Close does nothing.
func (t *Terminal) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begun && !t.closed {
		_, _ = io.WriteString(t.out, "\r\n"+showCursor)
	}
	t.closed = true
}
