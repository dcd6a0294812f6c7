//go:build failpoint

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Enabled tells whether this binary was built with failpoints.
const Enabled = true

type point struct {
	signal syscall.Signal
	at     int // the passage at which to act, from 1
}

var (
	mu     sync.Mutex
	hits   = map[string]int{}
	points = parse(os.Getenv("TIEM_FAILPOINTS"))
)

// Hit counts a passage of the named place and sends this process the signal
// that the environment asked for. SIGKILL takes effect before Hit returns.
func Hit(name string) {
	mu.Lock()
	hits[name]++
	n := hits[name]
	mu.Unlock()
	p, ok := points[name]
	if !ok || n != p.at {
		return
	}
	fmt.Fprintf(os.Stderr, "failpoint %s: signal %v at passage %d\n", name, p.signal, n)
	_ = syscall.Kill(os.Getpid(), p.signal)
	if p.signal == syscall.SIGKILL {
		select {} // never go on, however late the signal lands
	}
}

func parse(spec string) map[string]point {
	out := map[string]point{}
	for part := range strings.SplitSeq(spec, ",") {
		name, action, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			continue
		}
		action, at, counted := strings.Cut(action, "@")
		p := point{signal: syscall.SIGKILL, at: 1}
		if action == "stop" {
			p.signal = syscall.SIGSTOP
		}
		if counted {
			p.at, _ = strconv.Atoi(at)
		}
		out[name] = p
	}
	return out
}
