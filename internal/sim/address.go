package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tiem/internal/fault"
)

// addressPatience is how long an address may still be held by the last servers
// of a program that was just killed.
const addressPatience = 4 * time.Second

// The ports that FreeAddress chooses from lie below those that systems give to
// whoever asks for any, or calls somebody (from 32768 on Linux, from 49152
// elsewhere): a server may take its time to start without losing its address.
const firstPort, ports = 10_000, 20_000

// givenAway are the ports that this process has given away: shops that start
// side by side get different ones.
var givenAway sync.Map

// FreeAddress is a loopback address whose port nobody has now. Another process
// may take it before the server does; then the server says so.
func FreeAddress(ctx context.Context) (string, error) {
	const tries = 100
	var config net.ListenConfig
	var err error
	for range tries {
		port := firstPort + rand.IntN(ports)
		if _, taken := givenAway.LoadOrStore(port, true); taken {
			continue
		}
		var listener net.Listener
		if listener, err = config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return listener.Addr().String(), listener.Close()
		}
	}
	return "", fault.Wrap(err, fault.Unavailable, "no_port", "there is no free port on the loopback interface")
}

// requireFree is a fault of kind Config that names setting if another program
// listens on address.
func requireFree(ctx context.Context, setting, address string) error {
	var config net.ListenConfig
	for deadline := time.Now().Add(addressPatience); ; {
		listener, err := config.Listen(ctx, "tcp", address)
		switch {
		case err == nil:
			return listener.Close()
		case !errors.Is(err, syscall.EADDRINUSE):
			return fault.Wrap(err, fault.Config, "address_invalid", "nobody can listen on %q", address).At(setting).
				Advise("write host:port, such as 127.0.0.1:8080")
		case time.Now().After(deadline):
			free, _ := FreeAddress(ctx) // only to make the advice one that can be typed
			return fault.New(fault.Config, "address_in_use", "%s is in use by another program", address).At(setting).
				Advise("is the demo running already? Stop it (Ctrl-C where it runs), or choose another port: %s=%s", setting, free)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// urlOf is the URL at which a program on this machine reaches a server that
// listens on address.
func urlOf(address string) string { return "http://" + reachable(address) }

// reachable is where a program on this machine reaches a server that listens on
// address, host:port.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
