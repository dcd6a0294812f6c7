package hq

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"tiem/internal/door"
	"tiem/internal/fault"
	"tiem/internal/hq/grpcapi"
	"tiem/internal/wire"
)

// Listen takes HQ_ADDR and HQ_GRPC_ADDR; an address that cannot be had, a
// certificate that cannot be used, and plaintext beyond this machine are faults
// of kind Config.
func (a *App) Listen(ctx context.Context) error {
	if a.listener != nil {
		return nil
	}
	if err := a.cfg.requirePrivacy(); err != nil {
		return err
	}
	var certificate *door.Certificate
	if a.cfg.TLSCert != "" {
		var err error
		if certificate, err = door.LoadCertificate(a.cfg.TLSCert, a.cfg.TLSKey, a.log); err != nil {
			return at(err, "HQ_TLS_CERT")
		}
	}
	listener, err := door.Listen(ctx, a.cfg.Addr)
	if err != nil {
		return at(err, "HQ_ADDR")
	}
	if err := a.listenGRPC(ctx, certificate); err != nil {
		return errors.Join(err, listener.Close())
	}
	a.listener = listener
	if certificate != nil {
		a.listener = tls.NewListener(listener, certificate.TLS("http/1.1"))
	}
	return nil
}

func (a *App) listenGRPC(ctx context.Context, certificate *door.Certificate) error {
	if a.cfg.GRPCAddr == "" {
		return nil
	}
	listener, err := door.Listen(ctx, a.cfg.GRPCAddr)
	if err != nil {
		return at(err, "HQ_GRPC_ADDR")
	}
	parts := grpcapi.Parts{Fleet: a.Fleet, Intake: a.Intake, Ready: a.ready, Age: a.cfg.ConnectionAge, Logger: a.log, Registry: a.registry}
	if certificate != nil {
		parts.TLS = certificate.TLS()
	}
	a.streams, a.streamsListener = grpcapi.New(parts), listener
	return nil
}

// at names the setting that a fault of kind Config is about.
func at(err error, setting string) error {
	if f := fault.As(err); f != nil && f.Kind == fault.Config {
		return f.At(setting)
	}
	return err
}

// requirePrivacy refuses plaintext beyond this machine: tokens and sales could be
// read on the way.
func (c *Config) requirePrivacy() error {
	if c.TLSCert != "" {
		return nil
	}
	for _, listener := range []struct{ setting, address string }{{"HQ_ADDR", c.Addr}, {"HQ_GRPC_ADDR", c.GRPCAddr}} {
		host, _, err := net.SplitHostPort(listener.address)
		if listener.address != "" && err == nil && !wire.Loopback(host) {
			return fault.New(fault.Config, "plaintext_refused", "%s is beyond this machine, and HQ has no certificate", listener.address).At(listener.setting).
				Advise("set HQ_TLS_CERT and HQ_TLS_KEY, or listen on 127.0.0.1; hq-platform certificate makes a certificate for trying out")
		}
	}
	return nil
}

// Addr is the address that HQ listens on, host:port; "" before Listen.
func (a *App) Addr() string { return addressOf(a.listener) }

// GRPCAddr is the address that HQ listens on for gRPC, host:port; "" before
// Listen, and without HQ_GRPC_ADDR.
func (a *App) GRPCAddr() string { return addressOf(a.streamsListener) }

func addressOf(listener net.Listener) string {
	if listener == nil {
		return ""
	}
	return listener.Addr().String()
}
