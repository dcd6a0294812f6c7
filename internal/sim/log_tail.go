package sim

import (
	"bytes"
	"io"
	"os"
	"strings"
	"time"
)

const (
	tailBytes  = 4 << 10
	tailLines  = 12
	followPoll = 200 * time.Millisecond
)

// logTail is the last lines of a log file, of what was written from offset on.
func logTail(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // read-only
	if info, err := file.Stat(); err == nil {
		offset = max(offset, info.Size()-tailBytes)
	}
	text, _ := io.ReadAll(io.NewSectionReader(file, offset, tailBytes)) // what can be read is what there is to tell
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// followErrors copies the errors that a server logs to w, one line each, behind
// its name, until it has ended. A log that cannot be read is not followed: this
// is a courtesy.
func followErrors(c *child, w io.Writer) {
	file, err := os.Open(c.logPath)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }() // read-only
	if _, err := file.Seek(c.logFrom, io.SeekStart); err != nil {
		return
	}
	var rest []byte
	for last := false; ; {
		more, err := io.ReadAll(file)
		if err != nil {
			return
		}
		rest = copyErrors(w, c.name, append(rest, more...))
		if last {
			return
		}
		select {
		case <-c.exited:
			last = true // what it wrote before its end is in the file by now
		case <-time.After(followPoll):
		}
	}
}

// copyErrors writes the errors among the whole lines of text to w and returns
// what is left: the beginning of a line.
func copyErrors(w io.Writer, name string, text []byte) []byte {
	for {
		line, after, found := bytes.Cut(text, []byte("\n"))
		if !found {
			return text
		}
		if isError(line) {
			_, _ = w.Write([]byte("  " + name + ": " + string(line) + "\n")) // a terminal that is gone is not our trouble
		}
		text = after
	}
}

// isError knows slog's two formats, and the runtime's last words.
func isError(line []byte) bool {
	for _, mark := range []string{`"level":"ERROR"`, "level=ERROR", "panic: ", "fatal error: "} {
		if bytes.Contains(line, []byte(mark)) {
			return true
		}
	}
	return false
}
