package postgres

import (
	"context"
	"io/fs"
)

// Facts is what can be seen of a managed server from outside: nothing was
// started, locked or changed to find it out. Zero values mean "none".
type Facts struct {
	Root    string // the data root, absolute, links resolved if it is there
	RootErr error  // why it cannot be looked at; fs.ErrNotExist before the first start
	Cluster string // PostgreSQL's data directory in it
	Owner   string // who owns the cluster
	Mode    fs.FileMode
	Account string // who runs the database
	Barrier string // the first directory on the way to the cluster, the data root with it, that the account may not enter
	NoStart string // why a server must not be started only to look: a start would change owners or modes, or be refused

	Socket    string // path of the socket
	SocketMax int    // the most bytes that such a path may have

	Major      int            // version of the data; 0: there is none yet
	MajorErr   error          // what is there is no cluster, or may not be read
	Installed  []Installation // that run
	InstallErr error          // why the data cannot be run by any of them

	Locked     bool   // some process owns the data root
	HolderPID  int    // which; 0: not known
	HolderRole string // "serve" or "command"
	Postmaster int    // process that serves the cluster now
	StalePID   int    // process named in postmaster.pid that does not serve it
	StaleName  string // of that process, if there is one of this number: somebody else's
	LastWords  string // the newest lines of postgres.log that name what ended a server, if the root is owned
}

// Installation is a PostgreSQL on this machine.
type Installation struct {
	Dir   string
	Major int
}

// Look is Attach for a database in whatever state it is: the schema is not asked
// for. There must be data: AttachServer would make some.
func (s Source) Look(ctx context.Context) (*Database, error) {
	return s.connect(ctx, AttachServer, func(*Database, context.Context) error { return nil })
}
