//go:build unix

package postgres

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// detour makes a data root that root asks for in a place where the database's
// account may not go: root's home, or a checkout below a directory of mktemp -d.
// The directory is made in elsewhere instead, and dir becomes a symbolic link to
// it, so that everything is still found where it was asked for. Only a directory
// that does not exist yet is made so; data that is there is never moved.
//
// It returns where the directory really is; "" if no detour was needed or
// possible. Refusing is then the caller's.
func detour(dir, elsewhere string) (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	acc, err := chooseAccount(filepath.Join(dir, "postgres"))
	if err != nil || acc.barrier(nearest(dir)) == "" || acc.barrier(nearest(elsewhere)) != "" {
		return "", err
	}
	if err := errors.Join(makeDirs(elsewhere), makeDirs(filepath.Dir(dir))); err != nil {
		return "", err
	}
	// A name of its own, not one made of the path: a checkout that was deleted
	// and made again must not find the old one's data.
	place, err := os.MkdirTemp(elsewhere, filepath.Base(dir)+"-")
	if err != nil {
		return "", err
	}
	if err := os.Symlink(place, dir); err != nil {
		_ = os.Remove(place) // empty
		if errors.Is(err, fs.ErrExist) {
			return "", nil // another process was faster
		}
		return "", err
	}
	return place, nil
}

// nearest is the deepest directory on the way to path that exists.
func nearest(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		parent := filepath.Dir(path)
		if parent == path {
			return path
		}
		path = parent
	}
}
