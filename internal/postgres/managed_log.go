//go:build unix

package postgres

import (
	"io"
	"os"
	"strings"
)

const (
	logLimit  = 8 << 20 // bytes of postgres.log, and of the one before it
	tailLimit = 4 << 10
)

// openLog opens the server's log to append to and returns its length now. The
// server gets the file itself, not a pipe to us, so what it has to say about
// our death is kept too.
func openLog(path string, acc account) (*os.File, int64, error) {
	trimLog(path)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, err
	}
	if acc.drop {
		_ = file.Chown(int(acc.uid), int(acc.gid)) // lets the account's user run the program too; no harm if not
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// trimLog moves a log over the limit to path.1. It is copied and cut, because
// the server has it open (to append, so it goes on at the new end). A line that
// is written in between is lost; a log that cannot be trimmed only grows.
func trimLog(path string) {
	info, err := os.Stat(path)
	if err != nil || info.Size() < logLimit {
		return
	}
	from, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, err = io.Copy(to, from)
	if closeErr := to.Close(); err == nil && closeErr == nil {
		_ = os.Truncate(path, 0)
	}
}

// logSince is what was logged from offset on: the end of it, if it is long.
func logSince(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil {
		offset = max(offset, info.Size()-tailLimit)
	}
	text, _ := io.ReadAll(io.NewSectionReader(file, offset, tailLimit)) // what can be read is what there is to tell
	return strings.TrimSpace(string(text))
}

// tail is a writer that keeps the end of what it is given.
type tail struct{ buf []byte }

// Write keeps the last tailLimit bytes.
func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailLimit; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

func (t *tail) text() string { return strings.TrimSpace(string(t.buf)) }
