//go:build unix

package postgres

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"tiem/internal/fault"
)

// account is the operating system's user that runs the database.
type account struct {
	name     string
	uid, gid uint32
	drop     bool // we are root and must change to it: PostgreSQL refuses to run as root
}

// chooseAccount picks who runs the database. An ordinary user does so himself.
// For root it is whoever owns the cluster already, so that one start with sudo
// does not take the data away from its user; else postgres, else nobody.
func chooseAccount(cluster string) (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: userName(uint32(uid)), uid: uint32(uid), gid: uint32(os.Getegid())}, nil
	}
	if info, err := os.Stat(cluster); err == nil && ownerOf(info) != 0 {
		stat := info.Sys().(*syscall.Stat_t)
		return account{name: userName(stat.Uid), uid: stat.Uid, gid: stat.Gid, drop: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return account{name: name, uid: uint32(uid), gid: uint32(gid), drop: true}, nil
		}
	}
	return account{}, fault.New(fault.Config, "no_database_account",
		"PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody").
		Advise("run the program as an ordinary user")
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}

func ownerOf(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

// credential makes a child run as the account, without our other groups.
func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own gives dir and all that is in it to the account. The top comes last: as
// long as it is root's, an interrupted change is done again.
func (a account) own(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || !a.drop || ownerOf(info) == a.uid {
		return err
	}
	tree, err := os.OpenRoot(dir) // a symbolic link in the tree leads nowhere else
	if err != nil {
		return err
	}
	defer func() { _ = tree.Close() }()
	err = fs.WalkDir(tree.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		return tree.Lchown(path, int(a.uid), int(a.gid))
	})
	if err != nil {
		return err
	}
	return os.Lchown(dir, int(a.uid), int(a.gid))
}

// barrier is the first directory on the way to path that the account may not
// enter; "" if the mode bits let it through.
func (a account) barrier(path string) string {
	var found string
	if parent := filepath.Dir(path); parent != path {
		found = a.barrier(parent)
	}
	info, err := os.Stat(path)
	if found != "" || err != nil || !info.IsDir() {
		return found
	}
	stat := info.Sys().(*syscall.Stat_t)
	bit := fs.FileMode(0o001)
	switch {
	case stat.Uid == a.uid:
		bit = 0o100
	case stat.Gid == a.gid:
		bit = 0o010
	}
	if info.Mode().Perm()&bit == 0 {
		return path
	}
	return ""
}

// noEntry explains why a program could not be run as the account in dir: the
// system itself says only "permission denied", and of the wrong file.
func (a account) noEntry(cause error, dirs ...string) error {
	for _, dir := range dirs {
		if at := a.barrier(dir); at != "" {
			return fault.Wrap(cause, fault.Config, "data_dir_access",
				"the database runs as user %s, which may not enter %s", a.name, at).At("Dir").
				Advise("choose a directory outside %s, such as /var/lib/tiem, or run the program as the user who owns it", at)
		}
	}
	return fault.Wrap(cause, fault.Config, "data_dir_access",
		"the database runs as user %s, which may not work in %s", a.name, dirs[0]).At("Dir").
		Advise("choose another data directory, such as /var/lib/tiem")
}
