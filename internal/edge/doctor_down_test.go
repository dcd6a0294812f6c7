package edge

import (
	"context"
	"errors"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// Causes that a test cannot bring about on every machine.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	for why, c := range map[string]struct {
		cause error
		wrong bool
	}{
		"no such host: hq.example":                                        {&net.DNSError{Name: "hq.example", Err: "no such host", IsNotFound: true}, true},
		"the name hq.example cannot be looked up now: server misbehaving": {&net.DNSError{Name: "hq.example", Err: "server misbehaving", IsTemporary: true}, false},
		"there is no way to it from this machine":                         {&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, false},
		"no answer within SYNC_TIMEOUT":                                   {context.DeadlineExceeded, false},
		"EOF in the middle":                                               {errors.New("EOF in the middle"), false},
	} {
		found, wrong := unreachable(fault.Wrap(&url.Error{Op: "Get", URL: "http://geheim", Err: c.cause}, fault.Unavailable, "hq_unreachable", "HQ does not answer"))
		require.Equal(t, []any{why, c.wrong}, []any{found, wrong})
	}
	found, _ := unreachable(fault.Wrap(errors.New("unexpected EOF"), fault.Unavailable, "hq_unreachable", "HQ's answer broke off"))
	require.Equal(t, "unexpected EOF", found)
}
