package uplink

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// GRPCWay is the way over gRPC: each conversation is a stream on a connection of
// its own, so that a new one never waits for a dead one.
//
// Its errors are as HTTPLink's: hq_unreachable (Unavailable) for the line;
// HQ's refusals by their code and kind, with the details expected_id, at_id,
// received_upto, epoch (int64) and chain_hash (wire.Hash); credit_exceeded is
// Throttled; what a proxy says for itself is hq_refused.
type GRPCWay struct {
	target  string
	token   string
	timeout time.Duration // to open a stream, from HQ's last word
	trust   *tls.Config   // nil: no TLS
}

// NewGRPCWay returns a way to the HQ at target, host:port. A nil trust
// (no SYNC_CA) means plaintext to an address of this machine, and the system's
// authorities beyond it. A target that is no host:port is a fault of kind Config
// (hq_grpc_target_invalid).
func NewGRPCWay(target, token string, timeout time.Duration, trust *tls.Config) (*GRPCWay, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil || host == "" || port == "" || strings.ContainsAny(target, "/ ") {
		return nil, fault.New(fault.Config, "hq_grpc_target_invalid", "is not host:port").At(targetSetting).
			Advise("such as 127.0.0.1:8091, without a scheme")
	}
	if trust == nil && !wire.Loopback(host) {
		trust = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &GRPCWay{target: target, token: token, timeout: timeout, trust: trust}, nil
}

const targetSetting = "HQ_GRPC_TARGET"

// Protocol implements Way.
func (w *GRPCWay) Protocol() string { return wire.GRPC }

// Open implements Way. ctx bounds the opening only: the stream lasts until Close.
// An HQ that says that it lives while the store waits for its turn to be welcomed
// is waited for, but not longer than for a batch.
func (w *GRPCWay) Open(ctx context.Context, hello *wire.Hello) (Stream, *wire.Answer, error) {
	c, err := w.dial()
	if err != nil {
		return nil, nil, err
	}
	patient, done := context.WithTimeout(ctx, stuck*w.timeout)
	defer done()
	opening, giveUp := context.WithCancelCause(patient)
	silence := time.AfterFunc(w.timeout, func() { giveUp(context.DeadlineExceeded) })
	defer silence.Stop()
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	late := context.AfterFunc(opening, end)
	s := &stream{connection: c, end: end}
	welcome, err := s.greet(metadata.AppendToOutgoingContext(life, "authorization", "Bearer "+w.token), hello, func() { silence.Reset(w.timeout) })
	if !late() && err == nil {
		err = context.Cause(opening) // it came too late: the stream is ended already
	}
	if err != nil {
		err = c.explain(opening, err)
		s.Close()
		return nil, nil, err
	}
	return s, welcome, nil
}

// greet opens the stream and waits for HQ's welcome. lives is called for each
// sign of life before it: an answer that says nothing.
func (s *stream) greet(ctx context.Context, hello *wire.Hello, lives func()) (*wire.Answer, error) {
	var err error
	if s.rpc, err = wirepb.NewSyncServiceClient(s.conn).StreamEvents(ctx); err != nil {
		return nil, err
	}
	if err := s.rpc.Send(wirepb.FromHello(hello)); err != nil && !over(err) { // what it is over for, Recv says
		return nil, err
	}
	for {
		message, err := s.rpc.Recv()
		if err != nil {
			return nil, err
		}
		answer, err := wirepb.Answer(message)
		if err != nil || answer.Welcome != nil {
			return answer, err
		}
		if answer.FirstID != 0 || answer.ReceivedUpto != 0 || answer.Credit != 0 {
			return nil, fault.New(fault.Unavailable, "hq_answer_unreadable", "HQ's first answer is no welcome").
				Advise("is %s the address of an hq-platform?", targetSetting)
		}
		lives()
	}
}
