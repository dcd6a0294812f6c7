package doctor

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// healthy is a server that serve runs.
func healthy() postgres.Facts {
	return postgres.Facts{Root: "/d/edge", Cluster: "/d/edge/postgres", Owner: "postgres", Account: "postgres", Mode: fs.ModeDir | 0o700,
		Socket: "/d/edge/postgres/.s.PGSQL.5432", SocketMax: 103, Major: 15, Installed: []postgres.Installation{{Dir: "/pg/bin", Major: 15}},
		Locked: true, HolderPID: 7, HolderRole: "serve", Postmaster: 8}
}

func TestManaged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*postgres.Facts)
		check  string
		status Status
		found  string
		advice string
	}{
		"well":                             {func(*postgres.Facts) {}, "server", OK, "process 8, owned by process 7 (serve)", ""},
		"well, dir":                        {func(*postgres.Facts) {}, "data directory", OK, "/d/edge/postgres, of user postgres, mode 0700", ""},
		"well, version":                    {func(*postgres.Facts) {}, "postgresql", OK, "version 15; installed: 15 in /pg/bin", ""},
		"well, socket":                     {func(*postgres.Facts) {}, "socket", OK, "of 103 bytes", ""},
		"no directory":                     {func(f *postgres.Facts) { f.RootErr = fs.ErrNotExist }, "data directory", Fail, "does not exist", "EDGE_DATA_DIR"},
		"a directory that may not be read": {func(f *postgres.Facts) { f.RootErr = fs.ErrPermission }, "data directory", Fail, "permission", "as root"},
		"an empty directory":               {func(f *postgres.Facts) { f.Major = 0 }, "data directory", Fail, "no database", "EDGE_DATA_DIR"},
		"no way through":                   {func(f *postgres.Facts) { f.Barrier = "/d" }, "data directory", Fail, "may not enter /d", "chmod o+x /d"},
		"another's data": {func(f *postgres.Facts) {
			f.MajorErr = fault.New(fault.Config, "data_dir_foreign", "is not the data").Advise("move it away")
		}, "data directory", Fail, "is not the data", "move it away"},
		"another's directory": {func(f *postgres.Facts) { f.Owner = "lan" }, "data directory", Fail, "belongs to user lan", "lan"},
		"an unpacked backup":  {func(f *postgres.Facts) { f.Owner = "root" }, "data directory", Warn, "belongs to root", "gives it to postgres"},
		"open to others":      {func(f *postgres.Facts) { f.Mode = fs.ModeDir | 0o755 }, "data directory", Fail, "0755", "chmod 0700 /d/edge/postgres"},
		"open to its group to read, as PostgreSQL allows": {func(f *postgres.Facts) { f.Mode = fs.ModeDir | 0o750 }, "data directory", OK, "0750", ""},
		"a socket elsewhere":                              {func(f *postgres.Facts) { f.Socket = "/tmp/tiem-1/.s.PGSQL.5432" }, "socket", OK, "too long", ""},
		"a socket too long":                               {func(f *postgres.Facts) { f.Socket = "/" + strings.Repeat("x", 103) }, "socket", Fail, "104 bytes, of 103", "shorter"},
		"no programs": {func(f *postgres.Facts) {
			f.Installed, f.InstallErr = nil, fault.New(fault.Config, "postgres_not_found", "none installed").Advise("install it")
		}, "postgresql", Fail, "none installed", "install it"},
		"the wrong version": {func(f *postgres.Facts) {
			f.InstallErr = fault.New(fault.Config, "postgres_version", "of PostgreSQL 16").Advise("install 16")
		}, "postgresql", Fail, "of PostgreSQL 16", "install 16"},
		"no data yet":                 {func(f *postgres.Facts) { f.Major = 0 }, "postgresql", OK, "installed: 15 in /pg/bin", ""},
		"left behind":                 {func(f *postgres.Facts) { f.Locked = false }, "server", Warn, "process 8 was left behind", "stops it in order"},
		"being started again":         {func(f *postgres.Facts) { f.Postmaster = 0 }, "server", Warn, "process 7 (serve) owns /d/edge", "postgres.log"},
		"owned, nobody knows by whom": {func(f *postgres.Facts) { f.Postmaster, f.HolderPID = 0, 0 }, "server", Warn, "another process owns", "postgres.log"},
		"a stale file":                {func(f *postgres.Facts) { f.Postmaster, f.Locked, f.StalePID = 0, false, 9 }, "server", Warn, "process 9, which does not run", "Never remove"},
		"a stale file that names somebody else": {func(f *postgres.Facts) {
			f.Postmaster, f.Locked, f.StalePID, f.StaleName = 0, false, 9, "nginx"
		}, "server", Warn, "process 9, which is somebody else's (nginx)", "Never remove"},
		"stopped": {func(f *postgres.Facts) { f.Postmaster, f.Locked = 0, false }, "server", Warn, "does not run, and nothing was left behind", "store-edge serve"},
		"a directory that may not be read, server": {func(f *postgres.Facts) {
			f.RootErr, f.Locked, f.Postmaster = fs.ErrPermission, false, 0
		}, "server", Warn, "not checked: /d/edge may not be looked at", "as root"},
		"data that may not be read, server": {func(f *postgres.Facts) {
			f.MajorErr, f.Postmaster = fault.Wrap(fs.ErrPermission, fault.Config, "data_dir_foreign", "may not be read").At("Dir").Advise("as root"), 0
		}, "server", Warn, "not checked", "as root"},
		"a field is told as its setting": {func(f *postgres.Facts) {
			f.MajorErr = fault.New(fault.Config, "data_dir_foreign", "is not the data").At("Dir").Advise("move it away")
		}, "data directory", Fail, "EDGE_DATA_DIR: is not the data", "move it away"},
		"so it is of the programs": {func(f *postgres.Facts) {
			f.InstallErr = fault.New(fault.Config, "data_dir_access", "may not work here").At("Dir").Advise("elsewhere")
		}, "postgresql", Fail, "EDGE_DATA_DIR: may not work here", "elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := healthy()
			c.change(&facts)
			r := &Report{}
			r.Managed(facts, "EDGE_DATA_DIR", "store-edge")
			require.Len(t, r.Checks, 4)
			for _, check := range r.Checks {
				require.Equal(t, check.Status != OK, check.Advice != "", "whoever hears of trouble hears what to do: %v", check)
				if check.Name == c.check {
					require.Equal(t, c.status, check.Status)
					require.Contains(t, check.Found, c.found)
					require.Contains(t, check.Advice, c.advice)
				}
			}
		})
	}
}

func TestMayAsk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change        func(*postgres.Facts)
		status        Status
		found, advice string
	}{
		"it runs":                                     {func(*postgres.Facts) {}, "", "", ""},
		"it can be started":                           {func(f *postgres.Facts) { f.Locked, f.Postmaster = false, 0 }, "", "", ""},
		"it runs, whatever a start would do":          {func(f *postgres.Facts) { f.NoStart = "x" }, "", "", ""},
		"there is none":                               {func(f *postgres.Facts) { f.RootErr, f.Major = fs.ErrNotExist, 0 }, Fail, "there is none", "see the data directory above"},
		"a root that may not be read":                 {func(f *postgres.Facts) { f.RootErr, f.Major = fs.ErrPermission, 0 }, Warn, "not checked", "see the data directory above"},
		"a start would change files":                  {func(f *postgres.Facts) { f.Locked, f.Postmaster, f.NoStart = false, 0, "a start would give it away" }, Warn, "not started: a start would give it away", "see the data directory above"},
		"left behind, and a start would change files": {func(f *postgres.Facts) { f.Locked, f.NoStart = false, "x" }, Warn, "not started: x", "see"},
		"it does not come up":                         {func(f *postgres.Facts) { f.Postmaster, f.LastWords = 0, "FATAL:  no" }, Fail, "not up: FATAL: no", "need not be stopped"},
		"it does not come up, and nobody knows why":   {func(f *postgres.Facts) { f.Postmaster = 0 }, Fail, "not up: its log does not say why", "postgres.log in /d/edge"},
	} {
		facts, r := healthy(), &Report{}
		c.change(&facts)
		require.Equal(t, c.status == "", r.mayAsk(facts, "store-edge"), name)
		if c.status == "" {
			require.Empty(t, r.Checks, name)
			continue
		}
		check := find(t, r, "database")
		require.Equal(t, c.status, check.Status, name)
		require.Contains(t, check.Found, c.found, name)
		require.Contains(t, check.Advice, c.advice, name)
	}
}

func TestErrorsWithoutAHint(t *testing.T) {
	t.Parallel()
	r := &Report{}
	r.Error("x", errors.New("plain"))
	require.Equal(t, Check{"x", Fail, "plain", "see docs/operations.md"}, r.Checks[0])
}
