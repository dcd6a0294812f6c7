//go:build unix

package postgrestest

import (
	"errors"
	"io"
	"os/exec"
	"syscall"
)

// janitor is a process that outlives the test binary, however that ends, and
// then stops what is left of the server and removes its directory.
type janitor struct {
	cmd  *exec.Cmd
	life io.WriteCloser // the system closes it when the test binary is gone
}

// sweep waits for the end of its input, then for the server to stop (the kernel
// tells it to on Linux, we elsewhere) and removes the directory $1. After 20 s
// it removes it in any case: without its files the server ends itself.
const sweep = `
cat >/dev/null
pidfile=$1/postgres/postmaster.pid
tries=0
while [ -e "$pidfile" ] && [ $tries -lt 200 ]; do
	pid=$(head -n 1 "$pidfile")
	case "$(ps -ww -o command= -p "$pid")" in *"postgres -D $1/"*) kill -INT "$pid" ;; esac
	sleep 0.1
	tries=$((tries + 1))
done
rm -rf "$1"
`

func watchOver(dir string) (*janitor, error) {
	cmd := exec.Command("/bin/sh", "-c", sweep, "janitor", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in the terminal is not for it
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, life.Close())
	}
	return &janitor{cmd, life}, nil
}

// dismiss ends the janitor; it finds nothing to do.
func (j *janitor) dismiss() error { return errors.Join(j.life.Close(), j.cmd.Wait()) }
