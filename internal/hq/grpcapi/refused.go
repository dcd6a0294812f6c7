package grpcapi

import (
	"context"
	"log/slog"
	"slices"

	"google.golang.org/grpc/peer"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// noticed are refusals that a person must look into: two boxes write as one store,
// or a database was changed.
var noticed = []string{wire.CodeFork, wire.CodeFenced, wire.CodeRewind, wire.CodeEventIDReused}

// refused logs that a stream ended with HQ's no, and what about: never what the
// store sent, but which event, epoch or field of it. Whose token is worth nothing
// is known by its address only.
func (c *stream) refused(ctx context.Context, refusal *fault.Error) {
	level := slog.LevelInfo
	if slices.Contains(noticed, refusal.Code) {
		level = slog.LevelWarn
	}
	told := []slog.Attr{slog.String("store_id", c.storeID), slog.String("code", refusal.Code)}
	if refusal.Field != "" {
		told = append(told, slog.String("field", refusal.Field))
	}
	if id, ok := refusal.Details["at_id"]; ok {
		told = append(told, slog.Any("at_id", id))
	}
	if epoch, ok := refusal.Details["epoch"]; ok {
		told = append(told, slog.Any("epoch", epoch))
	}
	if from, ok := peer.FromContext(ctx); ok && (refusal.Kind == fault.Unauthorized || refusal.Kind == fault.Forbidden) {
		told = append(told, slog.String("remote_address", from.Addr.String()))
	}
	c.server.log.LogAttrs(ctx, level, "a stream was refused", told...)
}
