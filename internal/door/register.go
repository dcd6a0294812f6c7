package door

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
)

// Register adds an operation whose handler may return plain faults. It is
// huma.Register with Problem around the handler.
func Register[In, Out any](d *Door, op huma.Operation, handler func(context.Context, *In) (*Out, error)) {
	describe(&op) // once more by the hook: an operation with Hidden has no other chance
	huma.Register(d.api, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handler(ctx, in)
		return out, Problem(ctx, err)
	})
}

// describe is done to every operation: the door's limits instead of huma's, and
// the problem as the answer to everything that goes wrong.
func describe(op *huma.Operation) {
	op.MaxBodyBytes = -1
	op.BodyReadTimeout = -1
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	if op.Responses["default"] != nil {
		return
	}
	op.Responses["default"] = &huma.Response{
		Description: "Error: a problem (RFC 9457)",
		Content: map[string]*huma.MediaType{
			problemType: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}},
		},
	}
}
