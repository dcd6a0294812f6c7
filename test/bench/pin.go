package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// pinned writes a stand-in for a program: it runs the program, and whatever the
// program starts, on one core, and yields as niceness says. A process that is
// pinned before its first instruction knows that it has one core; one that is
// pinned later has made its plans for all of them.
func pinned(dir, program string, core, niceness int) error {
	text := fmt.Sprintf("#!/bin/sh\nexec nice -n %d taskset -c %d '%s' \"$@\"\n", niceness, core, program)
	return os.WriteFile(filepath.Join(dir, filepath.Base(program)), []byte(text), 0o755)
}

// pinSelf keeps this process, the load generator, on one core until release is
// called.
func pinSelf(ctx context.Context, core int) (release func() error, err error) {
	cores, threads := coresOf("self"), runtime.GOMAXPROCS(1)
	if err := taskset(ctx, strconv.Itoa(core)); err != nil {
		return nil, err
	}
	return func() error {
		runtime.GOMAXPROCS(threads)
		return taskset(context.WithoutCancel(ctx), cores)
	}, nil
}

// taskset moves all threads of this process to cores, such as "0" or "0-3".
func taskset(ctx context.Context, cores string) error {
	out, err := exec.CommandContext(ctx, "taskset", "-a", "-c", "-p", cores, strconv.Itoa(os.Getpid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset (of util-linux) to core %s: %w: %s", cores, err, out)
	}
	return nil
}

// coresOf are the cores on which a process may run, as the kernel writes them.
func coresOf(pid string) string {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	for line := range strings.Lines(string(status)) {
		if cores, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(cores)
		}
	}
	return ""
}

// twoCores are the first and the last core that this process may use.
func twoCores() (shop, office int, err error) {
	list := strings.FieldsFunc(coresOf("self"), func(r rune) bool { return r == ',' || r == '-' })
	if len(list) < 2 {
		return 0, 0, fmt.Errorf("the shop and HQ need a core each, and this process has %q", coresOf("self"))
	}
	if shop, err = strconv.Atoi(list[0]); err == nil {
		office, err = strconv.Atoi(list[len(list)-1])
	}
	return shop, office, err
}
