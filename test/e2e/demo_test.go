package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// demoRun is `pos-sim demo`, which is what `make run` runs, as a process.
type demoRun struct {
	t    *testing.T
	bin  string
	dir  string
	env  []string
	said bytes.Buffer
	cmd  *exec.Cmd
}

// start runs the demo until it has written demo.env, which it does last.
func (d *demoRun) start() sim.Store {
	d.t.Helper()
	d.said.Reset()
	d.cmd = exec.Command(filepath.Join(d.bin, "pos-sim"), "demo")
	d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr = d.env, &d.said, &d.said
	require.NoError(d.t, d.cmd.Start())
	began := time.Now()
	file := filepath.Join(d.dir, "demo.env")
	require.Eventually(d.t, func() bool {
		info, err := os.Stat(file)
		return err == nil && info.ModTime().After(began.Add(-time.Second))
	}, time.Minute, 20*time.Millisecond, "demo.env")
	info, err := os.Stat(file)
	require.NoError(d.t, err)
	require.Equal(d.t, os.FileMode(0o600), info.Mode().Perm(), "it holds tokens")
	variables, err := sim.ReadEnvFile(file)
	require.NoError(d.t, err)
	return sim.StoreOf(variables)
}

// mayBeAsked makes sure that a command finds the demo by its env file alone, from
// any directory.
func (d *demoRun) mayBeAsked() {
	d.t.Helper()
	variables, err := sim.ReadEnvFile(filepath.Join(d.dir, "demo.env"))
	require.NoError(d.t, err)
	environ := sourced(variables)
	for _, asked := range [][]string{{"store-edge", "outbox", "verify"}, {"store-edge", "doctor"}, {"hq-platform", "verify", "--store", "S1"}, {"hq-platform", "doctor"}} {
		command := exec.Command(filepath.Join(d.bin, asked[0]), asked[1:]...)
		command.Dir, command.Env = d.t.TempDir(), environ
		said, err := command.CombinedOutput()
		require.NoError(d.t, err, "%v: %s", asked, said)
	}
}

// sourced is the environment of a shell that has read an env file.
func sourced(variables map[string]string) []string {
	environ := withoutSettings(os.Environ())
	for name, value := range variables {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// interrupt is Ctrl-C: a clean stop, and nobody is left at the addresses.
func (d *demoRun) interrupt(store sim.Store) {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(syscall.SIGINT))
	require.NoError(d.t, d.cmd.Wait(), "%s", d.said.String())
	for _, url := range []string{store.EdgeURL, store.HQURL} {
		_, err := net.DialTimeout("tcp", url[len("http://"):], time.Second)
		require.Error(d.t, err, "somebody still listens at %s", url)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := sim.FreeAddress(t.Context())
	require.NoError(t, err)
	return address
}

func sellOne(t *testing.T, store sim.Store) *sim.Basket {
	t.Helper()
	till := sim.NewTill(store.EdgeURL, store.Tills[0], store.CashierID)
	defer till.Close()
	id := uuid.Must(uuid.NewV7())
	_, err := till.Open(t.Context(), id, sim.NewKey())
	require.NoError(t, err)
	b, err := till.Scan(t.Context(), id, sim.Pick{Barcode: "8934588063145", Quantity: sale.One}, sim.NewKey())
	require.NoError(t, err)
	_, err = till.Pay(t.Context(), id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total}, sim.NewKey())
	require.NoError(t, err)
	b, err = till.Finalize(t.Context(), id, sim.NewKey())
	require.NoError(t, err)
	return b
}

// newDemo is a demo that is still to be started, at free addresses; settings are
// over the environment.
func newDemo(t *testing.T, bin string, settings ...string) *demoRun {
	t.Helper()
	d := &demoRun{t: t, bin: bin, dir: postgrestest.DataDir(t)}
	d.env = append(withoutSettings(os.Environ()), settings...)
	d.env = append(d.env, "DATA_DIR="+d.dir, "EDGE_ADDR="+freeAddress(t), "HQ_ADDR="+freeAddress(t), "HQ_GRPC_ADDR="+freeAddress(t))
	t.Cleanup(func() { // only if the test failed half-way; killed, its children go with it
		if d.cmd != nil && d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Signal(syscall.SIGINT)
			_ = d.cmd.Wait()
		}
	})
	return d
}

// The demo comes up, sells to HQ, stops at Ctrl-C, and comes up again with the
// same data and the same tokens.
func TestDemoStartsSellsStopsAndKeeps(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	buildPrograms(t, bin)
	d := newDemo(t, bin)
	first := d.start()
	require.Equal(t, "S1-T1-0000001", sellOne(t, first).ReceiptNo)
	_, err := sim.VerifyStore(t.Context(), first, sim.VerifyOptions{Wait: 30 * time.Second})
	require.NoError(t, err)
	d.mayBeAsked()
	d.interrupt(first)

	second := d.start()
	require.Equal(t, first, second, "addresses, ids and tokens stay valid")
	require.Equal(t, "S1-T1-0000002", sellOne(t, second).ReceiptNo, "the data is kept, and receipt numbers go on")
	report, err := sim.VerifyStore(t.Context(), second, sim.VerifyOptions{Wait: 30 * time.Second})
	require.NoError(t, err)
	require.Equal(t, 2, report.Figures.Sales)
	d.interrupt(second)
}

// Another demo that is started from a shell that has read the first one's env file
// has directories, an HQ and tokens of its own, also while the first one runs.
func TestASecondDemoFromTheFirstOnesShell(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	buildPrograms(t, bin)
	one := newDemo(t, bin)
	first := one.start()
	require.Equal(t, "S1-T1-0000001", sellOne(t, first).ReceiptNo)
	variables, err := sim.ReadEnvFile(filepath.Join(one.dir, "demo.env"))
	require.NoError(t, err)

	other := newDemo(t, bin)
	other.env = append(sourced(variables), other.env[len(withoutSettings(os.Environ())):]...)
	second := other.start()
	variables, err = sim.ReadEnvFile(filepath.Join(other.dir, "demo.env"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(other.dir, "edge"), filepath.Join(other.dir, "hq"), filepath.Join(other.dir, "demo.env")},
		[]string{variables["EDGE_DATA_DIR"], variables["HQ_DATA_DIR"], variables["DEMO_ENV_FILE"]})
	require.NotEqual(t, first.HQToken, second.HQToken)
	require.Equal(t, "S1-T1-0000001", sellOne(t, second).ReceiptNo, "a shop of its own")
	for _, store := range []sim.Store{first, second} {
		report, err := sim.VerifyStore(t.Context(), store, sim.VerifyOptions{Wait: 30 * time.Second})
		require.NoError(t, err)
		require.Equal(t, 1, report.Figures.Sales)
	}
	other.interrupt(second)
	require.Contains(t, other.said.String(), filepath.Join(one.dir, "demo.env"), "it says so")
	one.interrupt(first)
}
