package sim

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tiem/internal/fault"
)

// postmaster is the process of a part's managed PostgreSQL, which its server
// has started; 0 if there is none. The number in the file alone proves nothing.
func (in *Installation) postmaster(part Part) int {
	text, err := os.ReadFile(filepath.Join(in.partDir(part), "postgres", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !isChildOf(pid, in.server(part).pid()) {
		return 0
	}
	return pid
}

func (in *Installation) killPostmaster(part Part) error {
	none := fault.New(fault.Conflict, "not_running", "%s is not running as a child of its server", part)
	pid := in.postmaster(part)
	if pid == 0 {
		return none
	}
	process, err := os.FindProcess(pid) // a handle (a pidfd, on Linux) …
	if err != nil {
		return none
	}
	defer func() { _ = process.Release() }()
	if in.postmaster(part) != pid { // … taken before the last look, so that it cannot be another's
		return none
	}
	if err := process.Kill(); err != nil {
		return none
	}
	in.server(part).killed.Store(int64(pid))
	return nil
}

// awaitPostmaster waits for another postmaster than the one that was killed, and
// for its server to be ready.
func (in *Installation) awaitPostmaster(ctx context.Context, part Part) error {
	s := in.server(part)
	ctx, cancel := context.WithTimeoutCause(ctx, readyPatience, errNotReady)
	defer cancel()
	for {
		if pid := in.postmaster(part); pid != 0 && int64(pid) != s.killed.Load() {
			return s.ready(ctx)
		}
		if c := s.current(); c != nil && !c.alive() {
			return s.ended(c)
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(context.Cause(ctx), fault.Unavailable, "not_ready", "%s did not come back", part).
				Advise("the end of %s:\n%s", s.log, s.words())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
