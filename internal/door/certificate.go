package door

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"tiem/internal/fault"
)

// Certificate is a listener's TLS certificate, in two PEM files. It looks at them
// at each handshake: a renewed certificate is taken up without a restart, and
// what cannot be read (half of it may be written yet) leaves the one before in use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]stamp // of the files, when they were last read
	warned  string   // of what was told last of files that cannot be read, and of which
}

// stamp tells one version of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// LoadCertificate reads the certificate. Its errors are faults of kind Config
// without a field, as Listen's.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	seen, err := c.look()
	if err == nil {
		err = c.read(seen)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "certificate_unusable", "%s and %s are no certificate and its key", certFile, keyFile).
			Advise("both are PEM files; hq-platform certificate makes a pair for trying out")
	}
	return c, nil
}

// TLS is a listener's configuration: TLS 1.2 or newer, with the certificate as it
// is at each handshake. protocols are those of ALPN.
func (c *Certificate) TLS(protocols ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now(hello.Context()), nil }}
}

// now is the newest certificate that could be read.
func (c *Certificate) now(ctx context.Context) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen, err := c.look()
	if err == nil && seen == c.seen {
		c.warned = ""
		return c.current
	}
	if err == nil {
		err = c.read(seen)
	}
	if err != nil {
		c.warn(ctx, seen, err)
		return c.current
	}
	c.warned = ""
	c.log.InfoContext(ctx, "the certificate was renewed", "path", c.certFile)
	return c.current
}

// warn tells of files that cannot be read, once for each version of them: there
// may be many handshakes until they are mended.
func (c *Certificate) warn(ctx context.Context, seen [2]stamp, err error) {
	what := fmt.Sprint(seen, err)
	if what == c.warned {
		return
	}
	c.warned = what
	c.log.WarnContext(ctx, "the renewed certificate cannot be read; the one before stays in use", "path", c.certFile, "error", err)
}

// look is the present stamp of both files.
func (c *Certificate) look() (seen [2]stamp, err error) {
	for i, path := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(path)
		if err != nil {
			return seen, err
		}
		seen[i] = stamp{info.ModTime(), info.Size()}
	}
	return seen, nil
}

// read takes the files' certificate, if certificate and key fit each other.
func (c *Certificate) read(seen [2]stamp) error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.seen = &pair, seen
	return nil
}
