// Package wirepb is the sync protocol's bytes over gRPC: the code that protoc
// writes from proto/tiem/sync/v1/sync.proto, and the way between its messages
// and package wire's.
//
// Nothing else in the project handles these messages: a link turns them into
// wire.Batch and wire.Answer at once, so there is one set of rules over one set
// of types whatever carries it. FromBatch and Batch are inverse to each other
// over everything that wire.Batch.Validate accepts, and Batch takes nothing that
// could not be hashed as it was sent: a UUID that is not 16 bytes long, or a hash
// that is not 32, is refused as batch_invalid.
package wirepb
