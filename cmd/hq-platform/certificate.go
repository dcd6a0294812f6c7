package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"tiem/internal/hq"
)

type certificateCommand struct {
	Host []string `name:"host" placeholder:"NAME" help:"A name or address that stores reach HQ by; may be repeated."`
	Dir  string   `name:"dir"  required:""        help:"Directory for ca.pem, cert.pem and key.pem."`
}

// Help is what --help says besides.
func (*certificateCommand) Help() string {
	return fmt.Sprintf(`Not for production: nobody checked who made it, and it ends after %d days. For trying out TLS, and for tests.

localhost, 127.0.0.1 and ::1 are always there; name the host that stores use, as in their HQ_URL and HQ_GRPC_TARGET.

  HQ:    HQ_TLS_CERT=DIR/cert.pem HQ_TLS_KEY=DIR/key.pem
  edges: SYNC_CA=DIR/ca.pem

A real chain takes a certificate from its own authority or a public one: docs/deploy.md. HQ takes up renewed files without a restart.`, hq.TryDays)
}

// Run makes the files. It needs no database.
func (c *certificateCommand) Run(stdout io.Writer) error {
	if err := hq.MakeTryCertificate(c.Dir, c.Host, time.Now()); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(c.Dir, name) }
	_, err := fmt.Fprintf(stdout, "HQ     HQ_TLS_CERT=%s HQ_TLS_KEY=%s\nedges  SYNC_CA=%s\nnames  %s\nFor trying out only, good for %d days.\n",
		in("cert.pem"), in("key.pem"), in("ca.pem"), strings.Join(hq.TryNames(c.Host), ", "), hq.TryDays)
	return err
}
