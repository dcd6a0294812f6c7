//go:build unix

package postgres

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tiem/internal/fault"
)

// unfinishedPrefix begins the names of clusters in the making. They have never
// been served, so what an interrupted start left of them holds no data.
const unfinishedPrefix = "postgres.new-"

const unfinishedPatience = 10 * time.Second // for the last writes to one

// ensureCluster creates the cluster if there is none. It is made under another
// name and renamed when it is whole and on disk, so a half-made one is never
// taken for the shop's data.
func (s *Server) ensureCluster(ctx context.Context) error {
	if err := s.removeUnfinished(ctx); err != nil {
		return err
	}
	major, err := clusterMajor(s.site.cluster)
	if err != nil {
		return err
	}
	if major != 0 {
		if err := s.account.own(s.site.cluster); err != nil {
			return fault.Wrap(err, fault.Config, "data_dir_access",
				"the data in %s cannot be given to user %s", s.site.cluster, s.account.name).At("Dir")
		}
		return nil
	}
	begun := time.Now()
	if err := s.createCluster(ctx); err != nil {
		if s.site.startedWithoutSpace(err) {
			return s.site.noRoom(err)
		}
		return fault.Wrap(err, fault.Unavailable, "postgres_start_failed",
			"the database could not be created in %s", s.site.root).
			Advise("look at the cause and at the free space on the disk, then start again")
	}
	s.log.Info("PostgreSQL cluster created", "dir", s.site.cluster, "version", s.programs.major, "duration_ms", time.Since(begun).Milliseconds())
	return nil
}

func (s *Server) createCluster(ctx context.Context) error {
	dir, err := os.MkdirTemp(s.site.root, unfinishedPrefix) // mode 0700
	if err != nil {
		return err
	}
	if err := s.account.own(dir); err != nil {
		return err
	}
	args := []string{
		"--pgdata=" + dir, "--username=" + superuser,
		// Byte order sorts alike on every machine and at HQ, and no upgrade of
		// the system's locales can corrupt an index.
		"--encoding=UTF8", "--locale-provider=libc", "--locale=C", "--text-search-config=simple",
		"--data-checksums",
		"--auth-local=trust", "--auth-host=reject", // see Server
		"--no-instructions",
	}
	if !s.cfg.durable() {
		args = append(args, "--no-sync")
	}
	cmd := s.account.command(s.programs.initdb(), args...)
	cmd.Dir = dir
	if err := run(ctx, cmd); err != nil {
		return errors.Join(err, removeAll(context.WithoutCancel(ctx), dir))
	}
	if err := os.Rename(dir, s.site.cluster); err != nil {
		return errors.Join(err, removeAll(context.WithoutCancel(ctx), dir))
	}
	return syncDir(s.site.root)
}

// removeUnfinished removes what interrupted first starts left behind.
func (s *Server) removeUnfinished(ctx context.Context) error {
	entries, err := os.ReadDir(s.site.root)
	for _, e := range entries {
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), unfinishedPrefix) {
			err = removeAll(ctx, filepath.Join(s.site.root, e.Name()))
		}
	}
	if err != nil {
		return noAccess(s.site, err)
	}
	return nil
}

// removeAll removes dir. What a killed initdb had started may write there for a
// moment longer, and a directory that is not empty any more cannot be removed.
func removeAll(ctx context.Context, dir string) error {
	for deadline := time.Now().Add(unfinishedPatience); ; {
		err := os.RemoveAll(dir)
		if !errors.Is(err, fs.ErrExist) || time.Now().After(deadline) { // ENOTEMPTY is an ErrExist
			return err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// openRoot lets the account pass through the data root, which is ours.
func (s *Server) openRoot() error {
	info, err := os.Stat(s.site.root)
	if err == nil && s.account.drop && info.Mode().Perm()&0o111 != 0o111 {
		err = os.Chmod(s.site.root, info.Mode().Perm()|fs.FileMode(0o111))
	}
	if err != nil {
		return noAccess(s.site, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
