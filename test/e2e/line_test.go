package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
	"tiem/internal/wire"
)

// pulled lets a cable be pulled, and asks at the end what HQ has.
const pulled = `two tills sell
people work 50 times as fast
after 1 s the cable is pulled for 2 s
after 6 s the shop closes
at the end everything is at HQ, in order
`

// The line of a running shop that speaks gRPC is broken: its probes and its events
// go by the line, each by its own port, and everything is at HQ in the end.
func TestTheLineOfARunningShopOnGRPC(t *testing.T) {
	t.Parallel()
	bin, line, lineGRPC := t.TempDir(), freeAddress(t), freeAddress(t)
	buildPrograms(t, bin)
	d := newDemo(t, bin, "HQ_URL=http://"+line, "HQ_GRPC_TARGET="+lineGRPC, "SYNC_PROTOCOL="+wire.GRPC, "SYNC_FALLBACK=false")
	store := d.start()
	scenario := filepath.Join(t.TempDir(), "pulled.txt")
	require.NoError(t, os.WriteFile(scenario, []byte(pulled), 0o600))
	run := func(more ...string) (said string, err error) {
		args := append([]string{"run", "--env", filepath.Join(d.dir, "demo.env"), "--scenario", scenario, "--quiet", "--line", line}, more...)
		command := exec.CommandContext(t.Context(), filepath.Join(bin, "pos-sim"), args...)
		command.Env = withoutSettings(os.Environ())
		out, err := command.CombinedOutput()
		return string(out), err
	}
	said, err := run()
	require.Error(t, err)
	require.Contains(t, said, "--line-grpc", "its events would go past the line")

	said, err = run("--line-grpc", lineGRPC)
	require.NoError(t, err, said)
	require.Contains(t, said, "the line: the cable is pulled")
	require.Contains(t, said, "edge = HQ")
	edge := sim.NewEdgeClient(store.EdgeURL, store.Tills[0].Token)
	defer edge.Close()
	status, err := edge.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, wire.GRPC, status.Protocol)
	require.Zero(t, status.PendingEvents)
	d.interrupt(store)
}
