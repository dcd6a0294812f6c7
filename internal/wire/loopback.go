package wire

import "net"

// Loopback tells whether host, a name or an address without a port, never leaves
// this machine: only there the protocol may go without TLS.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
