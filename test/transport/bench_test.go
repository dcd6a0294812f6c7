package transport

import (
	"testing"

	"tiem/internal/hq"
)

// BenchmarkAsk is a round trip on a stream, without the database: what gRPC and
// the stream's two goroutines cost.
func BenchmarkAsk(b *testing.B) {
	o := serve(b, hq.Config{})
	stream, _ := begin(b, o.grpc(b, o.app.GRPCAddr()), shopOf(0))
	b.ReportAllocs()
	for b.Loop() {
		if err := stream.Ask(b.Context(), 0, false); err != nil {
			b.Fatal(err)
		}
		if _, err := stream.Receive(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
