package hq_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/program"
)

func TestABadSettingIsNamed(t *testing.T) {
	t.Parallel()
	good := hq.Config{Addr: "127.0.0.1:8090", DataDir: "./data/hq", Token: "0123456789abcdef", Log: program.Log{Level: "info", Format: "json"}}
	require.NoError(t, good.Check())
	for name, change := range map[string]func(*hq.Config){
		"HQ_ADDR":         func(c *hq.Config) { c.Addr = "8090" },
		"HQ_DATABASE_URL": func(c *hq.Config) { c.DatabaseURL = "mysql://localhost" },
		"HQ_DATA_DIR":     func(c *hq.Config) { c.DataDir = "" },
		"HQ_TOKEN":        func(c *hq.Config) { c.Token = "short" },
		"HQ_GRPC_ADDR":    func(c *hq.Config) { c.GRPCAddr = "localhost" },
		"HQ_TLS_KEY":      func(c *hq.Config) { c.TLSCert = "cert.pem" },
		"HQ_TLS_CERT":     func(c *hq.Config) { c.TLSKey = "key.pem" },
		"LOG_LEVEL":       func(c *hq.Config) { c.Log.Level = "loud" },
		"LOG_FORMAT":      func(c *hq.Config) { c.Log.Format = "xml" },
	} {
		cfg := good
		change(&cfg)
		err := cfg.Check()
		require.Equal(t, name, fault.As(err).Field)
		require.Equal(t, 78, fault.ExitCode(err))
	}
	for age, ok := range map[time.Duration]bool{0: true, time.Second: true, 24 * time.Hour: true, time.Second - 1: false, 24*time.Hour + 1: false, -1: false} {
		cfg := good
		cfg.ConnectionAge = age
		if err := cfg.Check(); !ok {
			require.Equal(t, "HQ_CONNECTION_AGE", fault.As(err).Field, age)
		} else {
			require.NoError(t, err, age)
		}
	}
	same := good
	same.GRPCAddr = same.Addr
	err := same.Check()
	require.Equal(t, "HQ_GRPC_ADDR", fault.As(err).Field, "two listeners at one address")
	require.Equal(t, "address_twice", fault.CodeOf(err))
	same.Addr, same.GRPCAddr = "127.0.0.1:0", "127.0.0.1:0"
	require.NoError(t, same.Check(), "port 0 is a free one, each time another")
	empty := good
	empty.Token = ""
	require.NoError(t, empty.Check(), "HQ_TOKEN may be unset")
}

func TestUnknownVariablesAreNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, hq.CheckEnvironment([]string{
		"HOME=/root", "HQ_ADDR=x", "HQ_URL=http://localhost", "HQ_GRPC_TARGET=x", "HQ_GRPC_ADDR=x", "HQ_TLS_CERT=/a.pem", "EDGE_WHATEVER=1", "HQX=1",
	}))
	for entry, name := range map[string]string{"HQ_ADDR2=x": "HQ_ADDR2", "HQ_=": "HQ_", "HQ_TLS_CA=/a.pem": "HQ_TLS_CA"} {
		err := hq.CheckEnvironment([]string{"HQ_ADDR=x", entry})
		require.Equal(t, name, fault.As(err).Field)
		require.Equal(t, 78, fault.ExitCode(err))
	}
}
