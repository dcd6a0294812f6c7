package edge

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/internal/doctor"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// line asks HQ where it has this store's log, with the store's token, and
// compares the answer with the log. A line that is down is no fault of the shop:
// it goes on selling.
func (e *examination) line(ctx context.Context) {
	const name = lineCheck
	if e.cfg.HQURL == "" && e.cfg.HQGRPCTarget != "" {
		e.Fail(name, "set HQ_URL, too: the line is probed over HTTP, and without it nothing is sent", "HQ_GRPC_TARGET is set, and HQ_URL is not: the shop sells OFFLINE")
		return
	}
	if e.cfg.HQURL == "" || e.cfg.StoreToken == "" {
		e.Warn(name, "set HQ_URL and STORE_TOKEN, unless the shop is to stay OFFLINE", "HQ_URL or STORE_TOKEN is not set: the shop sells OFFLINE")
		return
	}
	store := e.cfg.StoreID
	if store == "" {
		store = e.at.StoreID
	}
	trust, err := uplink.ReadTrust(e.cfg.SyncCA)
	if err != nil {
		e.Error(name, err)
		return
	}
	link, err := uplink.NewHTTPLink(e.cfg.HQURL, store, e.cfg.StoreToken, e.cfg.SyncTimeout)
	if err != nil {
		e.Error(name, err)
		return
	}
	link.Trust(trust)
	defer link.Close()
	begun := e.now()
	hq, err := link.Sync(ctx)
	took := e.now().Sub(begun).Round(time.Millisecond)
	if err != nil {
		e.refused(name, err)
		return
	}
	e.compare(ctx, name, hq, took)
}

// compare finds out whether HQ's watermark is a point of our log, as the relay
// does before it sends.
func (e *examination) compare(ctx context.Context, name string, hq wire.StoreSync, took time.Duration) {
	if !e.known {
		e.Warn(name, "mend the database first, then run doctor again", "HQ answers in %v, accepts the token and has %d events; ours are not known", took, hq.ReceivedUpto)
		return
	}
	const recovery = "sales go on, and nothing is sent; see docs/sync-protocol.md, Recovery and Fork"
	hash, err := e.hashAt(ctx, hq.ReceivedUpto)
	switch {
	case hq.Epoch != 0 && hq.Epoch != e.at.Epoch:
		e.Fail(name, recovery, "HQ has issued epoch %d to this store, and this box writes epoch %d: another box has taken the store over", hq.Epoch, e.at.Epoch)
	case hq.ReceivedUpto > e.at.Head:
		e.Fail(name, recovery, "HQ has %d events of this store, and this box wrote only %d: was it restored from an older backup?", hq.ReceivedUpto, e.at.Head)
	case hq.ReceivedUpto < e.first-1:
		e.Fail(name, recovery, "HQ has %d events and needs the next ones, and the oldest one kept here is %d", hq.ReceivedUpto, e.first)
	case err != nil:
		e.Error(name, postgres.Fault(err))
	case hq.ReceivedUpto == 0 && hq.ChainHash != wire.Hash{}:
		e.Fail(name, recovery+"; run hq-platform verify at HQ", "HQ has none of %d events, and a hash of them all the same: a fork", e.at.Head)
	case hq.ReceivedUpto == 0: // there is nothing to compare
		e.OK(name, "HQ answers in %v, accepts the token and has none of %d events", took, e.at.Head)
	case !bytes.Equal(hash, hq.ChainHash[:]):
		e.Fail(name, recovery, "HQ has another event %d than this box: a fork", hq.ReceivedUpto)
	default:
		e.OK(name, "HQ answers in %v, accepts the token and has %d of %d events, with our hash", took, hq.ReceivedUpto, e.at.Head)
	}
}

// hashAt is the hash of our event id, or what is kept of it if it was the last
// one to be retired; nil if it is no event of ours.
func (e *examination) hashAt(ctx context.Context, id int64) ([]byte, error) {
	if id == e.first-1 {
		return e.before, nil
	}
	hash, err := edgedb.New().HashOf(ctx, e.db, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return hash, err
}

// clock compares this machine's clock with HQ's, by the Date of an answer, which
// is exact to a second, and with the newest event's time.
func (e *examination) clock(ctx context.Context) {
	const name = "clock"
	if e.db != nil {
		if newest, err := edgedb.New().NewestEvent(ctx, e.db); err == nil {
			if ahead := newest.OccurredAt.Sub(e.now()); doctor.ClockStatus(max(ahead, 0)) != doctor.OK {
				e.Is(doctor.ClockStatus(ahead), name, doctor.ClockAdvice, "event %d is from %s in the future: the clock was ahead, or was set back",
					newest.ID, doctor.Age(ahead))
				return
			}
		}
	}
	offset, err := e.againstHQ(ctx)
	if err != nil {
		e.OK(name, "%s; not compared with HQ's, which cannot be asked", e.now().Format(time.RFC3339))
		return
	}
	e.Is(doctor.ClockStatus(offset), name, doctor.ClockAdvice, "%s; %s, against HQ's", e.now().Format(time.RFC3339), doctor.Offset(offset))
}

// againstHQ is how far our clock is ahead of HQ's.
func (e *examination) againstHQ(ctx context.Context) (time.Duration, error) {
	if e.cfg.HQURL == "" {
		return 0, fault.New(fault.Config, "setting_missing", "is not set").At("HQ_URL")
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.SyncTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(e.cfg.HQURL, "/")+"/health", nil)
	if err != nil {
		return 0, err
	}
	trust, err := uplink.ReadTrust(e.cfg.SyncCA)
	if err != nil {
		return 0, err
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust, DisableKeepAlives: true}}
	before := e.now()
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	_ = response.Body.Close() // only the header is wanted
	after := e.now()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, err
	}
	there := date.Add(time.Second / 2) // it was cut to the second
	return before.Add(after.Sub(before) / 2).Sub(there), nil
}
