package transport

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/wire"
)

// certificate makes files for trying out, for a listener on this machine.
func certificate(t *testing.T) (ca, cert, key string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, hq.MakeTryCertificate(dir, nil, time.Now()))
	return filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

// greet says hello over gRPC, ask asks over HTTP; both as a new client.
func (o *office) greet(t *testing.T, ca string) error {
	t.Helper()
	trust, err := uplink.ReadTrust(ca)
	require.NoError(t, err)
	way, err := uplink.NewGRPCWay(o.app.GRPCAddr(), o.token, 5*time.Second, trust)
	require.NoError(t, err)
	stream, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1", Epoch: 1})
	if err == nil {
		stream.Close()
	}
	return err
}

func (o *office) ask(t *testing.T, scheme, ca string) error {
	t.Helper()
	trust, err := uplink.ReadTrust(ca)
	require.NoError(t, err)
	link, err := uplink.NewHTTPLink(scheme+"://"+o.app.Addr(), "S1", o.token, 5*time.Second)
	require.NoError(t, err)
	defer link.Trust(trust).Close()
	_, err = link.Sync(t.Context())
	return err
}

func TestTLSOnBothListeners(t *testing.T) {
	t.Parallel()
	ca, cert, key := certificate(t)
	s := serve(t, hq.Config{TLSCert: cert, TLSKey: key})
	require.NoError(t, s.greet(t, ca))
	require.NoError(t, s.ask(t, "https", ca))

	wrong, _, _ := certificate(t)
	for name, err := range map[string]error{
		"gRPC, another authority": s.greet(t, wrong),
		"HTTP, another authority": s.ask(t, "https", wrong),
		"HTTP, the system's":      s.ask(t, "https", ""),
	} {
		require.Equal(t, fault.Unavailable, fault.KindOf(err), name)
		require.Equal(t, "hq_unreachable", fault.CodeOf(err), name)
		require.Contains(t, fault.As(err).Hint, "SYNC_CA", name)
	}
	for name, err := range map[string]error{"gRPC in plaintext": s.greet(t, ""), "HTTP in plaintext": s.ask(t, "http", "")} {
		require.Equal(t, fault.Unavailable, fault.KindOf(err), name)
		require.Contains(t, fault.As(err).Message+fault.As(err).Hint, "TLS", name)
		require.Contains(t, fault.As(err).Hint, "SYNC_CA", name)
	}
}

func TestTLSToAnHQInPlaintext(t *testing.T) {
	t.Parallel()
	ca, _, _ := certificate(t)
	s := serve(t, hq.Config{})
	require.NoError(t, s.greet(t, ""))
	require.NoError(t, s.ask(t, "http", ""))
	for name, err := range map[string]error{"gRPC": s.greet(t, ca), "HTTP": s.ask(t, "https", ca)} {
		require.Equal(t, fault.Unavailable, fault.KindOf(err), name)
		require.Contains(t, fault.As(err).Hint, "speaks no TLS", name)
	}
}

// A renewed certificate is used from the next connection on; half a certificate
// changes nothing.
func TestACertificateIsRenewedWithoutARestart(t *testing.T) {
	t.Parallel()
	ca, cert, key := certificate(t)
	s := serve(t, hq.Config{TLSCert: cert, TLSKey: key})
	require.NoError(t, s.greet(t, ca))

	newCA, newCert, newKey := certificate(t)
	replace(t, newCert, cert) // and the key is still the old one
	require.NoError(t, s.greet(t, ca))
	require.NoError(t, s.ask(t, "https", ca))
	replace(t, newKey, key)
	require.NoError(t, s.greet(t, newCA))
	require.NoError(t, s.ask(t, "https", newCA))
	require.Error(t, s.greet(t, ca))
}

func replace(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o600))
	later := time.Now().Add(time.Minute) // whatever the file system's clock is worth
	require.NoError(t, os.Chtimes(to, later, later))
}

func TestPlaintextStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg     hq.Config
		setting string
	}{
		{hq.Config{Addr: "0.0.0.0:0"}, "HQ_ADDR"},
		{hq.Config{Addr: ":0"}, "HQ_ADDR"},
		{hq.Config{Addr: "127.0.0.1:0", GRPCAddr: "[::]:0"}, "HQ_GRPC_ADDR"},
		{hq.Config{Addr: "127.0.0.1:0", GRPCAddr: "192.0.2.1:0"}, "HQ_GRPC_ADDR"},
	} {
		_, opened := hq.Open(t.Context(), c.cfg, nil)
		for _, err := range []error{hq.New(nil, c.cfg, nil).Listen(t.Context()), opened} {
			require.Equal(t, "plaintext_refused", fault.CodeOf(err))
			require.Equal(t, c.setting, fault.As(err).Field)
			require.Equal(t, 78, fault.ExitCode(err))
		}
	}
	_, cert, key := certificate(t)
	app := hq.New(nil, hq.Config{Addr: "0.0.0.0:0", GRPCAddr: ":0", TLSCert: cert, TLSKey: key}, nil)
	require.NoError(t, app.Listen(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, app.Run(ctx))
}

func TestACertificateThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	_, cert, _ := certificate(t)
	_, _, otherKey := certificate(t)
	for _, c := range [][2]string{{cert, otherKey}, {"/nowhere/cert.pem", otherKey}, {otherKey, otherKey}} {
		err := hq.New(nil, hq.Config{Addr: "127.0.0.1:0", TLSCert: c[0], TLSKey: c[1]}, nil).Listen(t.Context())
		require.Equal(t, "certificate_unusable", fault.CodeOf(err))
		require.Equal(t, "HQ_TLS_CERT", fault.As(err).Field)
		require.Equal(t, 78, fault.ExitCode(err))
	}
}

func TestATakenGRPCAddressIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	app := hq.New(nil, hq.Config{Addr: "127.0.0.1:0", GRPCAddr: taken.Addr().String()}, nil)
	err = app.Listen(t.Context())
	require.Equal(t, "address_in_use", fault.CodeOf(err))
	require.Equal(t, "HQ_GRPC_ADDR", fault.As(err).Field)
	require.Empty(t, app.Addr())
}

// SIGTERM of HQ: streams hear of it, and Run waits for them.
func TestAStoppingHQDrainsItsStreams(t *testing.T) {
	t.Parallel()
	s := serve(t, hq.Config{})
	way, err := uplink.NewGRPCWay(s.app.GRPCAddr(), s.token, 5*time.Second, nil)
	require.NoError(t, err)
	stream, _, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1", Epoch: 1})
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	answer, err := stream.Receive(t.Context())
	require.NoError(t, err)
	require.True(t, answer.Drain)
	stream.Close()
	require.NoError(t, <-stopped)
}
