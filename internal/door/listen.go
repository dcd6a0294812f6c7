package door

import (
	"context"
	"errors"
	"net"
	"syscall"

	"tiem/internal/fault"
)

// Listen opens a TCP listener at addr (host:port). Its errors are faults of kind
// Config without a field: the caller knows which setting addr came from and
// names it, e.g. fault.As(err).At("EDGE_ADDR").
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fault.Wrap(err, fault.Config, "address_in_use", "%s is in use by another program", addr).
			Advise("stop that program or choose another port")
	case errors.Is(err, syscall.EACCES):
		return nil, fault.Wrap(err, fault.Config, "address_forbidden", "listening on %s needs more rights", addr).
			Advise("choose a port of 1024 or more")
	default:
		return nil, fault.Wrap(err, fault.Config, "address_invalid", "cannot listen on %q", addr).
			Advise("write host:port, such as 127.0.0.1:8080")
	}
}
