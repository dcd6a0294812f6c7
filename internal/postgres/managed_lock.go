//go:build unix

package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"syscall"
	"time"

	"tiem/internal/fault"
)

// The roles of an owner: `serve` keeps the database for long, a command only
// while it runs.
const (
	roleServe   = "serve"
	roleCommand = "command"
)

const (
	lockPoll      = 20 * time.Millisecond
	ownerPatience = 15 * time.Second // how long a command waits for the owner's database, and serve for a command
)

// owner is what the holder of the lock tells others about itself.
type owner struct {
	PID     int    `json:"pid"`
	Role    string `json:"role"`
	Sockets string `json:"sockets"`
}

// ownership is the exclusive right to the database in a data root: a flock on
// the directory itself, which nobody can delete by mistake as he could a lock
// file. The system drops it when this process ends, however it ends, and
// children do not inherit it.
type ownership struct {
	root *os.File
	note string // path of the owner's note
}

// tryOwn takes the lock, or returns who has it. The note is written after the
// lock is taken, so for a moment the owner may be unknown (zero).
func (st site) tryOwn(role string) (*ownership, owner, error) {
	root, err := os.Open(st.root)
	if err != nil {
		return nil, owner{}, noAccess(st, err)
	}
	err = syscall.Flock(int(root.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		_ = root.Close() // it was only looked at
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, readOwner(st.owner), nil
		}
		return nil, owner{}, noAccess(st, err)
	}
	o := &ownership{root, st.owner}
	note, err := json.Marshal(owner{PID: os.Getpid(), Role: role, Sockets: st.sockets})
	if err == nil {
		_ = os.Remove(st.owner)                   // a stale one may be of another user
		err = os.WriteFile(st.owner, note, 0o644) //nolint:gosec // for everybody who is refused; there is no secret in it
	}
	if err != nil {
		o.release()
		return nil, owner{}, noAccess(st, err)
	}
	return o, owner{}, nil
}

// ownForServe takes the lock for `serve`. Another serve is a refusal at once; a
// command will be done soon, so it is waited for.
func (st site) ownForServe(ctx context.Context) (*ownership, error) {
	for deadline := time.Now().Add(ownerPatience); ; {
		lock, holder, err := st.tryOwn(roleServe)
		if err != nil || lock != nil {
			return lock, err
		}
		if holder.Role == roleServe || time.Now().After(deadline) {
			return nil, inUse(st, holder, nil)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, inUse(st, holder, err)
		}
	}
}

// release gives the lock back; the note goes first, so that the next owner is
// never taken for us.
func (o *ownership) release() {
	_ = os.Remove(o.note) // a stale note means nothing without the lock
	_ = o.root.Close()    // closing drops the lock, and a directory has nothing to flush
}

// readOwner reads the note; one that is missing or half written is a zero owner.
func readOwner(path string) owner {
	var o owner
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &o) != nil {
		return owner{}
	}
	return o
}

func noAccess(st site, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return st.noRoom(err)
	}
	return fault.Wrap(err, fault.Config, "data_dir_access", "the data directory %s cannot be used", st.root).
		At("Dir").Advise("run as the user who runs serve, or choose another data directory")
}

// pause waits for d, or returns ctx's error if that comes first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
