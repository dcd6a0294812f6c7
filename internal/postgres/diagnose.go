//go:build unix

package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Diagnose looks at the managed server of cfg.
func Diagnose(ctx context.Context, cfg ServerConfig) Facts {
	st, err := lookAt(cfg)
	f := Facts{Root: st.root, RootErr: err, Cluster: st.cluster, Socket: st.socket(), SocketMax: maxSocketPath}
	acc, accountErr := chooseAccount(st.cluster)
	f.Account = acc.name
	f.Major, f.MajorErr = clusterMajor(st.cluster)
	if err == nil {
		f.Barrier = acc.barrier(nearest(st.root)) // the cluster is closed to all but its owner
		f.lookAtCluster(st)
		f.lookAtLock(st)
		f.lookAtStart(st, acc)
	}
	if accountErr != nil {
		f.InstallErr = accountErr
		return f
	}
	f.lookAtPrograms(ctx, cfg, st, acc)
	return f
}

// lookAt is where the server of cfg lives; prepareSite makes that directory, and
// this must not.
func lookAt(cfg ServerConfig) (site, error) {
	root, err := filepath.Abs(cfg.Dir)
	if err == nil {
		var resolved string
		if resolved, err = filepath.EvalSymlinks(root); err == nil {
			root = resolved
		}
	}
	st := site{root: root, cluster: filepath.Join(root, "postgres"), owner: filepath.Join(root, "postgres.owner"), log: filepath.Join(root, "postgres.log")}
	st.sockets = st.cluster
	if len(st.socket()) > maxSocketPath || strings.Contains(root, ",") {
		sum := sha256.Sum256([]byte(root))
		st.sockets = filepath.Join(os.TempDir(), "tiem-"+hex.EncodeToString(sum[:8]))
	}
	return st, err
}

func (f *Facts) lookAtCluster(st site) {
	info, err := os.Stat(st.cluster)
	if err != nil {
		return
	}
	f.Owner, f.Mode = userName(ownerOf(info)), info.Mode()
	f.Postmaster = postmasterPID(st.cluster)
	pid := readPidFile(st.cluster).pid
	if pid == 0 || f.Postmaster != 0 {
		return
	}
	f.StalePID = pid
	if err := syscall.Kill(pid, 0); err == nil || errors.Is(err, syscall.EPERM) {
		f.StaleName = processName(pid)
	}
}

// lookAtStart finds out what a start would change before PostgreSQL runs (see
// openRoot and own), and what would keep it from running.
func (f *Facts) lookAtStart(st site, acc account) {
	if f.Locked {
		f.LastWords = lastWords(logSince(st.log, 0))
	}
	root, err := os.Stat(st.root)
	switch {
	case err != nil || f.Major == 0: // nothing to start, or nothing that may be seen
	case f.Barrier != "":
		f.NoStart = fmt.Sprintf("user %s may not enter %s", acc.name, f.Barrier)
	case f.Owner != f.Account && acc.drop:
		f.NoStart = fmt.Sprintf("a start would give %s to user %s", st.cluster, acc.name)
	case f.Owner != f.Account:
		f.NoStart = fmt.Sprintf("%s belongs to user %s", st.cluster, f.Owner)
	case acc.drop && root.Mode().Perm()&0o111 != 0o111:
		f.NoStart = fmt.Sprintf("a start would change the mode of %s, which is %04o", st.root, root.Mode().Perm())
	case f.Mode.Perm()&0o027 != 0:
		f.NoStart = fmt.Sprintf("PostgreSQL refuses mode %04o of %s", f.Mode.Perm(), st.cluster)
	}
}

// lastWords are the two newest lines of a log that name what ended a server, on
// one line; what was said to clients that came too early is not among them.
func lastWords(log string) string {
	var words []string
	for line := range strings.Lines(log) {
		ended := strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:")
		if ended && !strings.Contains(line, "FATAL:  the database system is ") {
			words = append(words, strings.TrimSpace(line))
		}
	}
	return strings.Join(words[max(0, len(words)-2):], "; ")
}

func processName(pid int) string {
	if name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); err == nil {
		return strings.TrimSpace(string(name))
	}
	return "unknown"
}

// lookAtLock finds out whether somebody owns the data root, by asking for a
// shared lock that is given back at once. An owner that starts in this very
// moment finds it taken and asks again, as it does for a command.
func (f *Facts) lookAtLock(st site) {
	root, err := os.Open(st.root)
	if err != nil {
		f.RootErr = err
		return
	}
	defer func() { _ = root.Close() }() // which gives the lock back, too
	if errors.Is(syscall.Flock(int(root.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		holder := readOwner(st.owner)
		f.Locked, f.HolderPID, f.HolderRole = true, holder.PID, holder.Role
		if holder.Sockets != "" {
			st.sockets = holder.Sockets
			f.Socket = st.socket()
		}
	}
}

// lookAtPrograms runs the PostgreSQLs of this machine for their version, as the
// database's account would.
func (f *Facts) lookAtPrograms(ctx context.Context, cfg ServerConfig, st site, acc account) {
	dirs := candidateDirs(cfg.BinDir)
	if len(dirs) == 0 {
		f.InstallErr = notFound(cfg.BinDir)
		return
	}
	var found []programs
	var firstErr error
	for _, dir := range dirs {
		major, err := majorVersion(ctx, filepath.Join(dir, "postgres"), nearest(st.root), acc)
		if err != nil {
			firstErr = errors.Join(firstErr, err)
			continue
		}
		found = append(found, programs{dir, major})
		f.Installed = append(f.Installed, Installation{dir, major})
	}
	switch {
	case len(found) > 0 && f.MajorErr == nil:
		_, f.InstallErr = choosePrograms(found, st.cluster)
	case errors.Is(firstErr, fs.ErrPermission):
		f.InstallErr = acc.noEntry(firstErr, nearest(st.root), dirs[0])
	case len(found) == 0:
		f.InstallErr = firstErr
	}
}
