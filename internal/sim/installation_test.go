//go:build unix

package sim

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// scripts makes a directory of programs that are shell scripts.
func scripts(t *testing.T, edge, hq string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{edgeProgram: edge, hqProgram: hq} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755))
	}
	return dir
}

func TestStartNamesAProgramThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Options{Bin: t.TempDir(), DataDir: t.TempDir()})
	require.Equal(t, "program_missing", fault.CodeOf(err))
	require.Equal(t, 78, fault.ExitCode(err))
}

func TestStartNamesAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	_, err = Start(t.Context(), Options{Bin: scripts(t, "", ""), DataDir: t.TempDir(), EdgeAddr: taken.Addr().String()})
	require.Equal(t, "address_in_use", fault.CodeOf(err))
	require.Equal(t, "EDGE_ADDR", fault.As(err).Field)
	_, err = Start(t.Context(), Options{Bin: scripts(t, "", ""), DataDir: t.TempDir(), HQAddr: "nonsense"})
	require.Equal(t, "HQ_ADDR", fault.As(err).Field)
	free, err := FreeAddress(t.Context())
	require.NoError(t, err)
	_, err = Start(t.Context(), Options{Bin: scripts(t, "", ""), DataDir: t.TempDir(), HQAddr: free, HQGRPC: free})
	require.Equal(t, "address_in_use", fault.CodeOf(err))
	require.Equal(t, "HQ_GRPC_ADDR", fault.As(err).Field)
}

// A server that ends instead of being ready is named with what it said; a
// refused configuration stays one.
func TestStartShowsWhatADeadServerSaid(t *testing.T) {
	t.Parallel()
	for script, exit := range map[string]int{"echo the disk is full >&2; exit 1": 1, "echo HQ_TOKEN is bad; exit 78": 78, "echo shot; kill -9 $$": 1} {
		var errors bytes.Buffer
		_, err := Start(t.Context(), Options{Bin: scripts(t, "", script), DataDir: t.TempDir(), Errors: &errors})
		require.Equal(t, "server_died", fault.CodeOf(err))
		require.Contains(t, err.Error(), strings.Trim(strings.Fields(script)[1], ";"))
		require.Contains(t, err.Error(), "hq-platform.log")
		require.Equal(t, exit, fault.ExitCode(err))
	}
}

// When the start is interrupted, nothing is left running.
func TestStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	bin := scripts(t, "", "echo $$ > "+dir+"/pid; exec sleep 60")
	failed := make(chan error, 1)
	go func() {
		_, err := Start(ctx, Options{Bin: bin, DataDir: dir})
		failed <- err
	}()
	pidFile := filepath.Join(dir, "pid")
	require.Eventually(t, func() bool { text, _ := os.ReadFile(pidFile); return len(text) > 1 }, 10*time.Second, 10*time.Millisecond)
	cancel()
	require.Error(t, <-failed)
	text, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join("/proc", strings.TrimSpace(string(text))))
}

func TestChildIsStoppedOrKilled(t *testing.T) {
	t.Parallel()
	start := func(script string) *child {
		c, err := startChild("script", "/bin/sh", []string{"-c", script}, os.Environ(), filepath.Join(t.TempDir(), "log"))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return strings.Contains(c.words(), "up") }, 10*time.Second, 5*time.Millisecond)
		return c
	}
	orderly := start(`trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done`)
	require.True(t, orderly.alive())
	require.NoError(t, orderly.stop(t.Context()))
	require.False(t, orderly.alive())
	require.NoError(t, orderly.err)
	require.Equal(t, "up\nbye", orderly.words())

	stubborn := start(`trap '' TERM; echo up; while :; do sleep 0.01; done`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.Equal(t, "stop_forced", fault.CodeOf(stubborn.stop(ctx)))
	require.False(t, stubborn.alive())

	_, err := startChild("none", filepath.Join(t.TempDir(), "none"), nil, nil, filepath.Join(t.TempDir(), "log"))
	require.Equal(t, "program_not_started", fault.CodeOf(err))
}

func TestErrorsOfAServerAreRepeated(t *testing.T) {
	t.Parallel()
	c, err := startChild("store-edge", "/bin/sh", []string{"-c", `echo '{"level":"INFO","msg":"a"}'; echo '{"level":"ERROR","msg":"b"}'; printf 'panic: c\nunfinished'`},
		os.Environ(), filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	var seen bytes.Buffer
	followErrors(c, &seen)
	require.Equal(t, "  store-edge: {\"level\":\"ERROR\",\"msg\":\"b\"}\n  store-edge: panic: c\n", seen.String())
}

func TestEnvironmentOfTheServers(t *testing.T) {
	t.Parallel()
	in := func(o Options) *Installation {
		o.Bin, o.DataDir = scripts(t, "", ""), t.TempDir()
		in, err := prepare(t.Context(), o.withDefaults())
		require.NoError(t, err)
		return in
	}
	plain := in(Options{Environ: []string{"PATH=/bin", "HQ_URL=http://old", "SYNC_RETRY_MAX=9s"}, Known: Store{HQURL: "http://old", HQToken: "known-from-the-file"}})
	require.Equal(t, plain.store.HQURL, valueIn(plain.edge.env, "HQ_URL"), "the HQ_URL of an earlier start is not the caller's wish")
	require.Equal(t, "known-from-the-file", valueIn(plain.hq.env, "HQ_TOKEN"))
	require.Equal(t, plain.options.HQGRPC, valueIn(plain.hq.env, "HQ_GRPC_ADDR"))
	require.Equal(t, plain.options.HQGRPC, valueIn(plain.edge.env, "HQ_GRPC_TARGET"))
	require.NotEqual(t, plain.options.HQAddr, plain.options.HQGRPC)
	require.Equal(t, "9s", valueIn(plain.edge.env, "SYNC_RETRY_MAX"))
	require.Equal(t, "true", valueIn(plain.edge.env, "EDGE_DEMO"))
	require.Equal(t, "S1", valueIn(plain.edge.env, "EDGE_STORE_ID"))
	require.Equal(t, filepath.Join(plain.options.DataDir, "hq"), plain.partDir(HQPostgres))
	require.Equal(t, filepath.Join(plain.options.DataDir, "edge"), plain.partDir(EdgePostgres))

	wishes := in(Options{Environ: []string{"HQ_URL=http://proxy", "HQ_TOKEN=of-the-environment", "EDGE_DEMO=false", "EDGE_DATA_DIR=/e"},
		EdgeEnv: []string{"TIEM_FAILPOINTS=x=kill"}, Env: []string{"LOG_LEVEL=debug"}})
	require.Equal(t, "http://proxy", valueIn(wishes.edge.env, "HQ_URL"))
	require.Empty(t, valueIn(wishes.edge.env, "HQ_GRPC_TARGET"), "gRPC would go past the proxy")
	require.Equal(t, "of-the-environment", wishes.store.HQToken)
	require.Equal(t, "false", valueIn(wishes.edge.env, "EDGE_DEMO"))
	require.Equal(t, "/e", wishes.partDir(EdgeServer))
	require.Equal(t, "x=kill", valueIn(wishes.edge.env, "TIEM_FAILPOINTS"))
	require.Empty(t, valueIn(wishes.hq.env, "TIEM_FAILPOINTS"))
	require.Equal(t, "debug", valueIn(wishes.hq.env, "LOG_LEVEL"))
	known := Store{HQURL: "http://old", GRPCTarget: "old:1"}
	sourced := in(Options{Environ: []string{"HQ_URL=http://old", "HQ_GRPC_TARGET=old:1"}, Known: known})
	require.Equal(t, sourced.store.GRPCTarget, valueIn(sourced.edge.env, "HQ_GRPC_TARGET"), "the target of an earlier start is not the caller's wish")
	half := in(Options{Environ: []string{"HQ_URL=http://proxy", "HQ_GRPC_TARGET=old:1"}, Known: known})
	require.Empty(t, valueIn(half.edge.env, "HQ_GRPC_TARGET"))
	both := in(Options{EdgeEnv: []string{"HQ_URL=http://proxy", "HQ_GRPC_TARGET=proxy:2"}})
	require.Equal(t, "proxy:2", valueIn(both.edge.env, "HQ_GRPC_TARGET"))
	require.Len(t, in(Options{Environ: []string{}}).store.HQToken, 26, "a token that nobody can guess")
}

// The programs' own commands find the demo from its env file, wherever they are
// typed: the shop, its directories and its addresses.
func TestWhatTheDemoTellsCommands(t *testing.T) {
	t.Parallel()
	in, err := prepare(t.Context(), Options{Bin: scripts(t, "", ""), DataDir: t.TempDir(), Environ: []string{"HQ_DATA_DIR=somewhere/hq"}}.withDefaults())
	require.NoError(t, err)
	there, err := filepath.Abs("somewhere/hq")
	require.NoError(t, err)
	require.Equal(t, []Variable{
		{"EDGE_STORE_ID", "S1"}, {"EDGE_DATA_DIR", filepath.Join(in.options.DataDir, "edge")}, {"EDGE_ADDR", in.options.EdgeAddr},
		{"HQ_DATA_DIR", there}, {"HQ_ADDR", in.options.HQAddr},
		{"DEMO_ENV_FILE", filepath.Join(in.options.DataDir, "demo.env")},
	}, in.homes())
}

func TestMergeEnv(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"B=2", "A=3", "C="}, mergeEnv([]string{"A=1", "B=2", "D=4"}, []string{"A=3"}, []string{"C=", "D"}))
}

func TestURLOfAnAddress(t *testing.T) {
	t.Parallel()
	for address, url := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", ":80": "http://127.0.0.1:80", "0.0.0.0:80": "http://127.0.0.1:80", "[::]:80": "http://127.0.0.1:80",
		"shop.lan:80": "http://shop.lan:80", "[::1]:80": "http://[::1]:80",
	} {
		require.Equal(t, url, urlOf(address))
	}
}

// Shops that start side by side, and clients that call meanwhile, never get each
// other's address.
func TestFreeAddressesAreGivenAwayOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 500 {
		address, err := FreeAddress(t.Context())
		require.NoError(t, err)
		require.False(t, seen[address], address)
		seen[address] = true
		_, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		number, err := strconv.Atoi(port)
		require.NoError(t, err)
		require.Less(t, number, 32_768, "the system gives it to nobody by chance")
	}
}
