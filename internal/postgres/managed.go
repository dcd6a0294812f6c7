//go:build unix

package postgres

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tiem/internal/fault"
)

// Server is one managed PostgreSQL: a child of this program, or of another
// program that this one attached to.
//
// Who is the authority over what:
//
//   - The flock on the data root decides who may start, stop and signal the
//     database: its owner. It dies with the owner, even by kill -9.
//   - The directory Dir/postgres is the cluster. It appears by rename, whole,
//     and nothing in this package removes it or anything in it.
//   - PostgreSQL's own postmaster.pid guards the cluster against whoever does
//     not know our lock. It is read, never written or removed.
//
// The database listens on a unix socket only, in a directory that nobody but
// its account (and root) can enter; inside it every connection is trusted. So
// there is no password to keep, and access is what the file system says.
//
// A Server is safe for concurrent use.
type Server struct {
	cfg      ServerConfig
	site     site
	account  account
	programs programs
	log      *slog.Logger

	attached bool // the database belongs to another process; the fields below are unused
	lock     *ownership
	pid      atomic.Int64
	ready    atomic.Bool
	cancel   context.CancelFunc // ends supervision
	hurry    chan struct{}      // closed when a stop may no longer be patient
	heed     atomic.Int64       // how long a stop may take to come to its checkpoint: a time.Duration
	done     chan struct{}      // closed when supervision has ended and the child is gone
	stopErr  error              // how the child ended; read after done
	close    sync.Once
}

// StartServer makes this process the owner of the cluster in cfg.Dir, starts
// PostgreSQL and keeps it running until Close: a database that dies is started
// again. The first start also creates the cluster. A database left behind by a
// killed owner is stopped first, in order. ctx limits the start only.
//
// Errors are faults: data_dir_in_use (Unavailable, naming the owner's pid) if
// another `serve` owns the directory, and what AttachServer lists. A command
// that owns it for a moment is waited for.
func StartServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	st, err := prepareSite(cfg)
	if err != nil {
		return nil, err
	}
	lock, err := st.ownForServe(ctx)
	if err != nil {
		return nil, err
	}
	return startOwned(ctx, cfg, st, lock)
}

// AttachServer is for commands beside `serve`: it attaches to the database that
// runs in cfg.Dir, or starts it for the time until Close if none does. A Server
// that is attached is not stopped by Close, and it goes away when its owner
// does: two commands may use a directory at once, but when the one that started
// the database closes, the other's connections end.
//
// Errors are faults: postgres_not_found, postgres_version, data_dir_access and
// data_dir_foreign (Config), postgres_start_failed and data_dir_in_use
// (Unavailable: the owner's database gives no answer; try again).
func AttachServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	st, err := prepareSite(cfg)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(ownerPatience); ; {
		lock, holder, err := st.tryOwn(roleCommand)
		if err != nil {
			return nil, err
		}
		if lock != nil {
			return startOwned(ctx, cfg, st, lock)
		}
		s, err := attach(ctx, cfg, st, holder)
		if err == nil {
			return s, nil
		}
		if time.Now().After(deadline) {
			return nil, inUse(st, holder, err)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, inUse(st, holder, err)
		}
	}
}

func attach(ctx context.Context, cfg ServerConfig, st site, holder owner) (*Server, error) {
	st.sockets = holder.Sockets // the owner may have another temporary directory than we have
	s := &Server{cfg: cfg, site: st, log: cfg.logger(), attached: true}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.verify(ctx); err != nil {
		return nil, err
	}
	return s, s.ensureDatabase(ctx)
}

// URL is the connection string of the managed database, over its unix socket.
// It stays the same over restarts.
func (s *Server) URL() string { return s.site.url(s.cfg.database()) }

// PID is the process id of the postmaster; 0 while it is down.
func (s *Server) PID() int {
	if !s.attached {
		return int(s.pid.Load())
	}
	return postmasterPID(s.site.cluster)
}

// Ready tells whether the database takes connections now. An attached Server
// finds out by connecting to the socket.
func (s *Server) Ready() bool {
	if !s.attached {
		return s.ready.Load()
	}
	door := net.Dialer{Timeout: time.Second}
	conn, err := door.DialContext(context.Background(), "unix", s.site.socket())
	if err != nil {
		return false
	}
	_ = conn.Close() // it was only knocked at
	return true
}

// Close stops the database and gives the data root back. Connections are ended
// and a checkpoint is written; when ctx ends, or after 20 s, or when the database
// has not begun with it after 3 s, it is stopped without one and recovers at its
// next start (a fault of kind Timeout, postgres_stop_forced). What hangs is killed:
// Close returns at most 4 s after ctx has ended, and at most 12 s after it on other
// systems than Linux. A second Close, and Close of an attached Server, do nothing.
func (s *Server) Close(ctx context.Context) error { return s.stop(ctx, heedGrace) }

// stop is Close of a database that gets less than those 3 s to begin with its
// checkpoint, if heed is less.
func (s *Server) stop(ctx context.Context, heed time.Duration) error {
	if s.attached {
		return nil
	}
	s.close.Do(func() {
		s.heed.Store(int64(min(heed, heedGrace)))
		s.cancel()
		select {
		case <-s.done:
		case <-ctx.Done():
			close(s.hurry)
			<-s.done // bounded: end gives up in the end
		}
		s.site.removeSocketDir()
		s.lock.release()
	})
	return s.stopErr
}

func inUse(st site, holder owner, cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "data_dir_in_use",
		"the data directory %s is in use by process %d (%s)", st.root, holder.PID, holder.Role).
		Advise("stop process %d first, or give this one another data directory", holder.PID).
		With("pid", holder.PID)
}
