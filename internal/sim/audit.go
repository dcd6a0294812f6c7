package sim

import (
	"context"
	"os"
	"strings"

	"tiem/internal/fault"
)

// Audit is what one of the programs says of its own database.
type Audit struct {
	Command string `json:"command"`
	Said    string `json:"said"`
}

// Audit lets both programs verify their own databases, as processes beside the
// servers: hq-platform verify for HQ's chain, sums and tables, store-edge outbox
// verify for the edge's chain. A database that does not verify is the error.
func (in *Installation) Audit(ctx context.Context) ([]Audit, error) {
	var audits []Audit
	for _, c := range []command{
		{path: in.hq.path, args: []string{"verify", "--store", in.store.StoreID}, env: in.hq.env},
		{path: in.edge.path, args: []string{"outbox", "verify"}, env: in.edge.env},
	} {
		a, err := audit(ctx, c)
		if err != nil {
			return audits, err
		}
		audits = append(audits, a)
	}
	return audits, nil
}

// AuditHQ lets the hq-platform in the directory bin verify HQ's database with
// the settings in environ; dataDir is where the managed database is, unless
// HQ_DATABASE_URL or HQ_DATA_DIR say something else. If there is no database
// that could be asked, it says so in Said and is no error.
func AuditHQ(ctx context.Context, bin, dataDir, storeID string, environ []string) (Audit, error) {
	if valueIn(environ, "HQ_DATABASE_URL") == "" {
		if dir := valueIn(environ, "HQ_DATA_DIR"); dir != "" {
			dataDir = dir
		}
		if !isDir(dataDir) {
			return Audit{Command: hqProgram + " verify", Said: "not asked: HQ's database is not on this machine (no " + dataDir + ")"}, nil
		}
		environ = mergeEnv(environ, []string{"HQ_DATA_DIR=" + dataDir})
	}
	return audit(ctx, command{path: programPath(bin, hqProgram), args: []string{"verify", "--store", storeID}, env: environ})
}

func audit(ctx context.Context, c command) (Audit, error) {
	name := c.path[strings.LastIndexAny(c.path, `/\`)+1:]
	a := Audit{Command: name + " " + strings.Join(c.args, " ")}
	said, err := c.output(ctx)
	a.Said = strings.TrimSpace(said)
	if err != nil && fault.KindOf(err) != fault.Config {
		return a, &DifferenceError{Invariant: "C", What: a.Command + " found its database wrong", Want: "exit 0", Got: err.Error()}
	}
	return a, err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
