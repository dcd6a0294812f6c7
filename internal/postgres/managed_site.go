//go:build unix

package postgres

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tiem/internal/fault"
)

// maxSocketPath is the most bytes that the path of a unix socket may have: 107
// on Linux (unix(7)), 103 on macOS, where sun_path is four bytes shorter.
const maxSocketPath = 103

// site is where one managed database lives. All paths are absolute and free of
// symbolic links, so a directory has one name whichever way leads to it.
type site struct {
	root    string // the data root; the owner holds a lock on it
	cluster string // PostgreSQL's data directory
	owner   string // says who holds the lock
	log     string // what the server writes to stderr
	sockets string // the directory of the socket
}

// prepareSite creates the data root if it is missing and works out the paths.
func prepareSite(cfg ServerConfig) (site, error) {
	dir := cfg.Dir
	if dir == "" {
		return site{}, fault.New(fault.Config, "data_dir_missing", "no data directory is given").At("Dir")
	}
	root, err := filepath.Abs(dir)
	if err == nil {
		var place string
		if place, err = detour(root, cmp.Or(cfg.Elsewhere, defaultElsewhere)); place != "" {
			cfg.logger().Warn("the database's account may not enter the data directory: the data lives elsewhere, behind a link",
				"dir", root, "place", place)
		}
	}
	if err == nil {
		err = makeDirs(root)
	}
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return site{}, fault.Wrap(err, fault.Config, "data_dir_access", "the data directory %s cannot be used", dir).
			At("Dir").Advise("choose a directory that this user may write to")
	}
	st := site{
		root:    root,
		cluster: filepath.Join(root, "postgres"),
		owner:   filepath.Join(root, "postgres.owner"),
		log:     filepath.Join(root, "postgres.log"),
	}
	st.sockets = st.cluster
	if len(st.socket()) > maxSocketPath || strings.Contains(root, ",") { // pgx takes a comma for a list of hosts
		sum := sha256.Sum256([]byte(root))
		st.sockets = filepath.Join(os.TempDir(), "tiem-"+hex.EncodeToString(sum[:8]))
	}
	return st, nil
}

// makeDirs is os.MkdirAll, but each directory that it makes can be passed
// through by everyone whatever the umask is: the database's account must get
// to the cluster, which is itself closed to others.
func makeDirs(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if err := makeDirs(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o711); err != nil { //nolint:gosec // to pass through, not to read
		if errors.Is(err, fs.ErrExist) { // another process was faster
			return nil
		}
		return err
	}
	return os.Chmod(dir, 0o711) //nolint:gosec // the same, whatever the umask is
}

// socket is the path of the server's unix socket.
func (st site) socket() string { return filepath.Join(st.sockets, ".s.PGSQL."+socketPort) }

// url is the connection string of a database in the cluster.
func (st site) url(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(superuser), Path: "/" + database,
		RawQuery: url.Values{"host": {st.sockets}, "port": {socketPort}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// makeSocketDir makes the directory of the socket, unless that is the cluster.
// In a directory that others can write to, somebody may have been there first:
// only a directory that is ours and closed is used.
func (st site) makeSocketDir(acc account) error {
	if st.sockets == st.cluster {
		return nil
	}
	err := os.Mkdir(st.sockets, 0o700)
	if err == nil {
		return os.Lchown(st.sockets, int(acc.uid), int(acc.gid))
	}
	info, statErr := os.Lstat(st.sockets)
	if statErr != nil {
		return err
	}
	if uid := ownerOf(info); !info.IsDir() || info.Mode().Perm() != 0o700 || uid != acc.uid && uid != 0 {
		return fault.New(fault.Config, "socket_dir_foreign", "%s exists and is not this program's", st.sockets).
			Advise("remove it, or choose a data directory with a shorter path")
	}
	return os.Lchown(st.sockets, int(acc.uid), int(acc.gid))
}

func (st site) removeSocketDir() {
	if st.sockets != st.cluster {
		_ = os.Remove(st.sockets) // only if empty; one that stays is used again
	}
}
