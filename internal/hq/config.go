package hq

import (
	"net"
	"strings"
	"time"

	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/trace"
)

const minToken = 16 // characters of HQ_TOKEN: it is a secret, not a name

// Config is HQ's settings. Each has an environment variable and a flag of the
// same name (HQ_ADDR is --hq-addr).
type Config struct {
	Addr        string `name:"hq-addr"         env:"HQ_ADDR"         default:"127.0.0.1:8090" help:"Address to listen on, host:port."`
	GRPCAddr    string `name:"hq-grpc-addr"    env:"HQ_GRPC_ADDR"    default:"127.0.0.1:8091" help:"Address to listen on for gRPC, host:port; empty: no gRPC."`
	DatabaseURL string `name:"hq-database-url" env:"HQ_DATABASE_URL"                          help:"PostgreSQL to use (postgres://…); empty: one that this program runs in its data directory."`
	DataDir     string `name:"hq-data-dir"     env:"HQ_DATA_DIR"     default:"./data/hq"      help:"Directory of the managed PostgreSQL."`
	Token       string `name:"hq-token"        env:"HQ_TOKEN"                                 help:"Token for scripts, at least 16 characters; empty: scripts are refused."`

	TLSCert string `name:"hq-tls-cert" env:"HQ_TLS_CERT" help:"PEM file of HQ's certificate, for both listeners; empty: plaintext, on loopback addresses only."`
	TLSKey  string `name:"hq-tls-key"  env:"HQ_TLS_KEY"  help:"PEM file of the certificate's private key."`

	ConnectionAge time.Duration `name:"hq-connection-age" env:"HQ_CONNECTION_AGE" default:"30m" help:"After about this time a gRPC stream is asked to open anew, so that streams spread over HQ's nodes."`

	Log   program.Log  `embed:""`
	Trace trace.Config `embed:""`
}

// knownVariables may be in the environment: HQ's own, those of later versions
// of HQ, and those that tell a store edge where HQ is (data/demo.env has both).
var knownVariables = []string{
	"HQ_ADDR", "HQ_DATABASE_URL", "HQ_DATA_DIR", "HQ_TOKEN",
	"HQ_GRPC_ADDR", "HQ_TLS_CERT", "HQ_TLS_KEY", "HQ_CONNECTION_AGE",
	"HQ_URL", "HQ_GRPC_TARGET",
}

// CheckEnvironment refuses variables HQ_… that nobody reads: a misspelt setting
// must not be a silent default. environ is os.Environ's.
func CheckEnvironment(environ []string) error {
	return program.RefuseUnknown(environ, []string{"HQ_"}, knownVariables)
}

// Check finds a setting that cannot be; the fault (kind Config) names it.
func (c *Config) Check() error {
	if host, port, err := net.SplitHostPort(c.Addr); err != nil || port == "" || strings.ContainsAny(host, " /") {
		return bad("HQ_ADDR", "is not host:port, such as 127.0.0.1:8090")
	}
	if u := c.DatabaseURL; u != "" && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		return bad("HQ_DATABASE_URL", "is not postgres://user:password@host:5432/database")
	}
	if c.DatabaseURL == "" && c.DataDir == "" {
		return bad("HQ_DATA_DIR", "is empty")
	}
	if c.Token != "" && len(c.Token) < minToken {
		return bad("HQ_TOKEN", "has fewer than %d characters: anybody could guess it", minToken)
	}
	if strings.TrimSpace(c.Token) != c.Token {
		return bad("HQ_TOKEN", "begins or ends with a blank")
	}
	if err := c.checkStreams(); err != nil {
		return err
	}
	if err := c.Trace.Check(); err != nil {
		return err
	}
	return c.Log.Check()
}

// checkStreams checks what the gRPC listener and TLS need.
func (c *Config) checkStreams() error {
	if c.GRPCAddr != "" {
		if host, port, err := net.SplitHostPort(c.GRPCAddr); err != nil || port == "" || strings.ContainsAny(host, " /") {
			return bad("HQ_GRPC_ADDR", "is not host:port, such as 127.0.0.1:8091")
		} else if c.GRPCAddr == c.Addr && port != "0" {
			return fault.New(fault.Config, "address_twice", "is %s, as HQ_ADDR is", c.Addr).At("HQ_GRPC_ADDR").
				Advise("HTTP and gRPC listen on ports of their own; empty: no gRPC")
		}
	}
	if c.TLSCert != "" && c.TLSKey == "" {
		return bad("HQ_TLS_KEY", "is empty, and HQ_TLS_CERT is set")
	}
	if c.TLSKey != "" && c.TLSCert == "" {
		return bad("HQ_TLS_CERT", "is empty, and HQ_TLS_KEY is set")
	}
	if age := c.ConnectionAge; age != 0 && (age < time.Second || age > 24*time.Hour) {
		return bad("HQ_CONNECTION_AGE", "is not 1s to 24h")
	}
	return nil
}

func bad(name, format string, args ...any) error {
	return fault.New(fault.Config, "setting_invalid", format, args...).At(name)
}
