package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc"

	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// bareServer is the least that a server of these streams can be in grpc-go: a
// hello is answered, and so is each message after it; nothing is checked or kept.
type bareServer struct {
	wirepb.UnimplementedSyncServiceServer
}

// StreamEvents implements the service.
func (bareServer) StreamEvents(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
	answer := &wire.Answer{Credit: wire.FirstCredit, Welcome: &wire.Welcome{Epoch: 1}}
	for {
		if _, err := rpc.Recv(); err != nil {
			return err
		}
		if err := rpc.Send(wirepb.FromAnswer(answer)); err != nil {
			return err
		}
		answer.Welcome = nil
	}
}

// playBare is a process with grpc-go's own server as it comes.
func playBare(ctx context.Context, _ childOrder) (childState, func(context.Context, string) (childState, error), error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return childState{}, nil, err
	}
	server := grpc.NewServer()
	wirepb.RegisterSyncServiceServer(server, bareServer{})
	go func() {
		if err := server.Serve(ln); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bench: the bare server:", err)
		}
	}()
	return childState{GRPC: ln.Addr().String()}, tellMemory, nil
}
