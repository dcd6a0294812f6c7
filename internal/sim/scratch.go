package sim

import (
	"context"
	"errors"
	"os"

	"tiem/internal/fault"
)

// inScratch lets do work in a scratch directory of its own, and removes it, but
// for keep and for what somebody will want to look at: then left is the directory.
func inScratch(ctx context.Context, keep bool, do func(dir string) error) (left string, err error) {
	dir, err := os.MkdirTemp("", "tiem-scratch-")
	if err == nil {
		err = os.Chmod(dir, 0o711) //nolint:gosec // as root, the databases run as another user, who must get to them
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Config, "data_dir_access", "no scratch directory can be made").At("TMPDIR")
	}
	err = do(dir)
	if err != nil && os.Remove(dir) == nil {
		return "", err // it was empty: nothing was started
	}
	if keep || err != nil && ctx.Err() == nil { // whoever interrupts it does not want to look
		return dir, err
	}
	return "", errors.Join(err, os.RemoveAll(dir))
}

// ownEnviron is this program's environment without the settings of another
// installation: a scratch one must not touch the demo's databases or ports.
func ownEnviron() []string {
	foreign := []string{
		"EDGE_DATABASE_URL", "EDGE_DATA_DIR", "EDGE_ADDR", "EDGE_STORE_ID", "EDGE_DEMO", "STORE_TOKEN", "FAKE_CAPTURE_AFTER",
		"HQ_DATABASE_URL", "HQ_DATA_DIR", "HQ_ADDR", "HQ_GRPC_ADDR", "HQ_URL", "HQ_GRPC_TARGET", "HQ_TOKEN",
	}
	return mergeEnv(os.Environ(), foreign)
}
