//go:build unix

package postgrestest_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func() error { return goleak.Find() })
}

func migrations(table string) fs.FS {
	return fstest.MapFS{"00001_first.sql": {Data: []byte("-- +goose Up\ncreate table " + table + " (id int primary key);\n")}}
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			db := postgrestest.New(t, migrations("item"))
			_, err := db.Exec(t.Context(), "insert into item values ($1)", n)
			require.NoError(t, err)
			rows, err := db.Query(t.Context(), "select id from item")
			require.NoError(t, err)
			ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
			require.NoError(t, err)
			require.Equal(t, []int{n}, ids)
		})
	}
}

func TestOtherMigrationsOtherTemplate(t *testing.T) {
	t.Parallel()
	postgrestest.New(t, migrations("item"))
	db := postgrestest.New(t, migrations("other"))
	var item, other bool
	err := db.QueryRow(t.Context(), "select to_regclass('item') is not null, to_regclass('other') is not null").Scan(&item, &other)
	require.NoError(t, err)
	require.False(t, item)
	require.True(t, other)
}

func TestDatabaseIsDroppedAfterTheTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("inner", func(t *testing.T) {
		url := postgrestest.NewURL(t, nil)
		conn, err := pgx.Connect(t.Context(), url) // left open: others' connections do not keep a database
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.PgConn().Conn().Close() })
		require.NoError(t, conn.QueryRow(t.Context(), "select current_database()").Scan(&name))
	})
	var left bool
	db := postgrestest.New(t, nil)
	err := db.QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", name).Scan(&left)
	require.NoError(t, err)
	require.False(t, left)
}

const endEnv = "TIEM_POSTGRESTEST_END"

// TestHelperProcess is this test binary run again by TestNothingIsLeft, to be
// ended in a bad way; in an ordinary run it does nothing.
func TestHelperProcess(t *testing.T) {
	end := os.Getenv(endEnv)
	if end == "" {
		return
	}
	db := postgrestest.New(t, migrations("item"))
	var dir string
	require.NoError(t, db.QueryRow(t.Context(), "show data_directory").Scan(&dir))
	fmt.Println(dir)
	switch end {
	case "fail":
		t.FailNow()
	case "panic":
		panic("as a test may")
	case "exit":
		os.Exit(3)
	case "kill":
		select {} // until it is killed
	}
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"fail", "panic", "exit", "kill"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
			cmd.Env = append(os.Environ(), endEnv+"="+end, "GORACE=atexit_sleep_ms=0")
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(stdout).ReadString('\n')
			require.NoError(t, err)
			cluster := strings.TrimSpace(line)
			if end == "kill" {
				require.NoError(t, cmd.Process.Kill())
			}
			require.Error(t, cmd.Wait())
			root := filepath.Dir(cluster)
			require.Eventually(t, func() bool {
				_, err := os.Stat(root)
				return os.IsNotExist(err) && !serving(cluster)
			}, time.Minute, 20*time.Millisecond)
		})
	}
}

// serving tells whether a process works in the cluster.
func serving(cluster string) bool {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if dir, err := os.Readlink(link); err == nil && strings.HasPrefix(dir, cluster) {
			return true
		}
	}
	return false
}

func TestDataDirIsOpenToAllAccounts(t *testing.T) {
	t.Parallel()
	var dir string
	t.Run("inner", func(t *testing.T) {
		dir = postgrestest.DataDir(t)
		require.NoDirExists(t, dir)
		info, err := os.Stat(filepath.Dir(dir))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o711), info.Mode().Perm())
	})
	require.NoDirExists(t, filepath.Dir(dir))
}

func BenchmarkNewURL(b *testing.B) {
	postgrestest.NewURL(b, migrations("item"))
	for b.Loop() {
		postgrestest.NewURL(b, migrations("item"))
	}
}
