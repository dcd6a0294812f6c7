package edge

import (
	"context"
	"strings"
	"time"

	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/wire"
)

// stream opens a conversation with HQ over gRPC, as the relay does, and sends
// nothing. It is only asked where gRPC is wanted and the line is configured.
func (e *examination) stream(ctx context.Context) {
	const name = streamCheck
	switch {
	case e.cfg.SyncProtocol != wire.GRPC || e.cfg.HQURL == "" || e.cfg.StoreToken == "":
		return
	case e.cfg.HQGRPCTarget == "":
		e.Warn(name, "set HQ_GRPC_TARGET to HQ's address for gRPC, or SYNC_PROTOCOL=http", "HQ_GRPC_TARGET is not set: events travel over HTTP")
		return
	case !e.known:
		e.Warn(name, "mend the database first, then run doctor again", "not tried: where our log stands is not known")
		return
	}
	trust, err := uplink.ReadTrust(e.cfg.SyncCA)
	if err != nil {
		e.Error(name, err)
		return
	}
	way, err := uplink.NewGRPCWay(e.cfg.HQGRPCTarget, e.cfg.StoreToken, e.cfg.SyncTimeout, trust)
	if err != nil {
		e.Error(name, err)
		return
	}
	hello, err := uplink.NewJournal(e.db).Head(ctx)
	if err != nil {
		e.Error(name, err)
		return
	}
	begun := e.now()
	conversation, welcome, err := way.Open(ctx, &hello)
	if err != nil {
		e.unwelcome(name, err)
		return
	}
	conversation.Close()
	e.OK(name, "%s welcomes this store in %v and has %d of %d events", e.cfg.HQGRPCTarget, e.now().Sub(begun).Round(time.Millisecond),
		welcome.ReceivedUpto, hello.Head)
}

// unwelcome says why the stream was not opened: HQ's own refusal is somebody's to
// mend; a gRPC that does not get through costs the shop nothing.
func (e *examination) unwelcome(name string, err error) {
	f := fault.As(err)
	if f == nil || !strings.HasPrefix(f.Code, "hq_") || f.Kind == fault.Config {
		e.Error(name, err)
		return
	}
	meanwhile := goesOn
	if e.cfg.SyncFallback {
		meanwhile = "meanwhile events travel over HTTP, if that gets through"
	}
	advice := "look at HQ_GRPC_TARGET, and at what stands between: it must let HTTP/2 pass"
	if f.Hint != "" {
		advice = f.Hint
	}
	found := f.Message
	if f.Code == "hq_unreachable" {
		why, _ := unreachable(err)
		found += ": " + why
	}
	e.Warn(name, advice+"; "+meanwhile, "%s: %s", e.cfg.HQGRPCTarget, found)
}
