package edge_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	"tiem/internal/doctor"
	"tiem/internal/edge"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// greeter is HQ's gRPC listener as far as its welcome.
type greeter struct {
	wirepb.UnimplementedSyncServiceServer
	no    error
	hello *wirepb.Hello
}

func (g *greeter) StreamEvents(stream wirepb.SyncService_StreamEventsServer) error {
	said, err := stream.Recv()
	if err != nil || g.no != nil {
		return g.no
	}
	g.hello = said.GetHello()
	welcome := &wirepb.Acknowledgment{ReceivedUpto: 2, ChainHash: make([]byte, 32), Credit: 2, Welcome: &wirepb.Welcome{Epoch: 1}}
	if err := stream.Send(welcome); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (g *greeter) listen(t *testing.T) (target string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	wirepb.RegisterSyncServiceServer(server, g)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return ln.Addr().String()
}

func TestDoctorOnGRPC(t *testing.T) {
	t.Parallel()
	const name = "gRPC to HQ"
	p := newPatient(t)
	p.write(5)
	p.has(2)
	wants := func(target string, fallback bool) {
		p.cfg.SyncProtocol, p.cfg.HQGRPCTarget, p.cfg.SyncFallback = wire.GRPC, target, fallback
	}
	wants("", true)
	p.is(name, doctor.Warn, "HQ_GRPC_TARGET is not set: events travel over HTTP")
	wants("nonsense", true)
	p.is(name, doctor.Fail, "is not host:port")

	hq := &greeter{}
	wants(hq.listen(t), true)
	p.is(name, doctor.OK, "and has 2 of 5 events")
	require.Equal(t, []int64{5, 1}, []int64{hq.hello.GetHead(), hq.hello.GetOldestRetained()})

	refused := &greeter{no: grpcstatus.Error(codes.Unimplemented, "what?")}
	wants(refused.listen(t), true)
	p.is(name, doctor.Warn, "knows no stream of events")
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	wants(page.Listener.Addr().String(), true)
	p.is(name, doctor.Warn, page.Listener.Addr().String())
	page.Close()
	wants(page.Listener.Addr().String(), false)
	p.is(name, doctor.Warn, page.Listener.Addr().String()+": HQ's gRPC port cannot be reached: the connection is refused: nothing listens there")
	p.exec(offTriggers + "update outbox set created_at = now() - interval '2 minutes 10 seconds'")
	p.is("pending", doctor.Warn, "the oldest for 2 minutes; gRPC to HQ: "+page.Listener.Addr().String())
	secured := httptest.NewUnstartedServer(http.NotFoundHandler())
	secured.EnableHTTP2, secured.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	secured.StartTLS()
	t.Cleanup(secured.Close)
	p.cfg.SyncCA = somebodysAuthority(t)
	wants(secured.Listener.Addr().String(), false)
	p.is(name, doctor.Warn, "its certificate is not trusted: x509: certificate signed by unknown authority")

	p.cfg.SyncCA = t.TempDir() + "/none.pem"
	p.is(name, doctor.Fail, "cannot be read")
	p.is("line to HQ", doctor.Fail, "cannot be read")
}

// somebodysAuthority is a PEM file with an authority that vouched for nobody.
func somebodysAuthority(t *testing.T) (path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return path
}

// HQ's address for gRPC alone is of no use, which the log says at the start.
func TestGRPCAloneIsWarnedOf(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	cfg := settings()
	cfg.DatabaseURL, cfg.HQGRPCTarget, cfg.StoreToken = postgrestest.NewURL(t, edgedb.Migrations), "127.0.0.1:1", "geheim"
	app, err := edge.Attach(t.Context(), cfg, slog.New(slog.NewTextHandler(&said, nil)), true)
	require.NoError(t, err)
	require.NoError(t, app.Close())
	require.Contains(t, said.String(), `level=WARN msg="HQ_GRPC_TARGET is set, and HQ_URL is not`)
}

// The relay's metrics name the ways that it has.
func TestTheWaysThatSettingsMake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		protocol, target string
		fallback         bool
		ways             []string
	}{
		"http":                  {wire.HTTP, "127.0.0.1:1", true, []string{"http"}},
		"grpc without a target": {wire.GRPC, "", true, []string{"http"}},
		"grpc":                  {wire.GRPC, "127.0.0.1:1", true, []string{"grpc", "http"}},
		"grpc alone":            {wire.GRPC, "127.0.0.1:1", false, []string{"grpc"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := open(t, func(cfg *edge.Config) {
				cfg.HQURL, cfg.StoreToken, cfg.SyncProtocol, cfg.HQGRPCTarget, cfg.SyncFallback = "http://127.0.0.1:1", "geheim", c.protocol, c.target, c.fallback
			})
			answer := httptest.NewRecorder()
			app.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
			var ways []string
			for _, protocol := range []string{"grpc", "http"} {
				if strings.Contains(answer.Body.String(), `tiem_sync_streams_total{protocol="`+protocol+`",result="opened"} 0`) {
					ways = append(ways, protocol)
				}
			}
			require.Equal(t, c.ways, ways)
		})
	}
	cfg := settings()
	cfg.DatabaseURL = postgrestest.NewURL(t, edgedb.Migrations)
	cfg.HQURL, cfg.StoreToken, cfg.SyncProtocol, cfg.HQGRPCTarget = "http://127.0.0.1:1", "geheim", wire.GRPC, "http://127.0.0.1:1"
	_, err := edge.Attach(t.Context(), cfg, nil, true)
	require.Equal(t, "hq_grpc_target_invalid", fault.CodeOf(err))
	require.Equal(t, fault.Config, fault.KindOf(err))
}
