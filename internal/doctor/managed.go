package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Managed judges what can be seen of a managed server from outside. setting is
// that of its data directory, such as EDGE_DATA_DIR; program is who serves.
func (r *Report) Managed(f postgres.Facts, setting, program string) {
	r.dataDirectory(f, setting, program)
	r.socket(f, setting)
	r.installed(f, setting)
	r.owner(f, program)
}

func (r *Report) dataDirectory(f postgres.Facts, setting, program string) {
	const name = "data directory"
	advice := "is " + setting + " right? a relative one begins where the program is started; else " + program + " serve makes a new database there"
	switch {
	case errors.Is(f.RootErr, fs.ErrNotExist):
		r.Fail(name, advice, "%s does not exist", f.Root)
	case f.RootErr != nil:
		r.Fail(name, "run doctor as the user who runs "+program+" serve, or as root", "%s cannot be looked at: %v", f.Root, f.RootErr)
	case f.Barrier != "":
		r.Fail(name, fmt.Sprintf("let everybody pass (chmod o+x %s), or move the data to a place such as /var/lib/tiem", f.Barrier),
			"the database runs as user %s, which may not enter %s", f.Account, f.Barrier)
	case f.MajorErr != nil:
		r.Error(name, named(f.MajorErr, setting))
	case f.Major == 0:
		r.Fail(name, advice, "%s holds no database", f.Root)
	case f.Owner == "root" && f.Account != "root": // PostgreSQL never runs as root
		r.Warn(name, "nothing: "+program+" serve, run as root, gives it to "+f.Account, "%s belongs to root, as an unpacked backup may", f.Cluster)
	case f.Owner != f.Account:
		r.Fail(name, "run the program as user "+f.Owner+", or give the directory to "+f.Account, "%s belongs to user %s, and the database would run as %s",
			f.Cluster, f.Owner, f.Account)
	case f.Mode.Perm()&0o027 != 0:
		r.Fail(name, "chmod 0700 "+f.Cluster, "%s has mode %04o: others may get at the data, and PostgreSQL refuses to start", f.Cluster, f.Mode.Perm())
	default:
		r.OK(name, "%s, of user %s, mode %04o", f.Cluster, f.Owner, f.Mode.Perm())
	}
}

func (r *Report) socket(f postgres.Facts, setting string) {
	if len(f.Socket) > f.SocketMax {
		r.Fail("socket", "choose a shorter "+setting+", or a shorter TMPDIR", "%s has %d bytes, of %d at most", f.Socket, len(f.Socket), f.SocketMax)
		return
	}
	elsewhere := ""
	if !strings.HasPrefix(f.Socket, f.Cluster+string(os.PathSeparator)) {
		elsewhere = ", outside the data directory, whose path is too long for it"
	}
	r.OK("socket", "%s, %d of %d bytes%s", f.Socket, len(f.Socket), f.SocketMax, elsewhere)
}

func (r *Report) installed(f postgres.Facts, setting string) {
	const name = "postgresql"
	var all []string
	for _, p := range f.Installed {
		all = append(all, fmt.Sprintf("%d in %s", p.Major, p.Dir))
	}
	switch {
	case f.InstallErr != nil:
		r.Error(name, named(f.InstallErr, setting))
	case f.Major == 0:
		r.OK(name, "installed: %s", strings.Join(all, "; "))
	default:
		r.OK(name, "the data is of version %d; installed: %s", f.Major, strings.Join(all, "; "))
	}
}

// hidden tells whether this user may not see what there is: then nothing can be
// said about a server either.
func hidden(f postgres.Facts) bool {
	return f.RootErr != nil && !errors.Is(f.RootErr, fs.ErrNotExist) || errors.Is(f.MajorErr, fs.ErrPermission)
}

// named is err with the name of the setting, instead of the field that the
// postgres package knows it by.
func named(err error, setting string) error {
	f := fault.As(err)
	if f == nil || f.Field != "Dir" {
		return err
	}
	ours := *f // a fault may be shared
	return ours.At(setting)
}

// owner tells who runs the server, and what a dead one left.
func (r *Report) owner(f postgres.Facts, program string) {
	const name = "server"
	holder := "another process"
	if f.HolderPID != 0 {
		holder = fmt.Sprintf("process %d (%s)", f.HolderPID, f.HolderRole)
	}
	stale := fmt.Sprintf("postmaster.pid names process %d, which does not run", f.StalePID)
	if f.StaleName != "" {
		stale = fmt.Sprintf("postmaster.pid names process %d, which is somebody else's (%s)", f.StalePID, f.StaleName)
	}
	switch {
	case hidden(f):
		r.Warn(name, "run doctor as the user who runs "+program+" serve, or as root", "not checked: %s may not be looked at", f.Root)
	case f.Postmaster != 0 && f.Locked:
		r.OK(name, "runs as process %d, owned by %s", f.Postmaster, holder)
	case f.Postmaster != 0:
		r.Warn(name, program+" serve stops it in order when it starts; it loses nothing", "process %d was left behind by a program that was killed", f.Postmaster)
	case f.Locked:
		r.Warn(name, "it is starting, or being started again: look at the program's log and at postgres.log in "+f.Root, "%s owns %s, and its PostgreSQL is not up", holder, f.Root)
	case f.StalePID != 0:
		r.Warn(name, "nothing: the next start sees through it. Never remove postmaster.pid by hand", "does not run; %s", stale)
	default:
		r.Warn(name, "start "+program+" serve, which runs it", "does not run, and nothing was left behind")
	}
}
