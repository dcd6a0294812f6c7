package edge_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/doctor"
	"tiem/internal/edge"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// hqStub answers what an HQ does to doctor.
type hqStub struct {
	*httptest.Server

	sync    atomic.Pointer[wire.StoreSync]
	refuse  atomic.Int32  // a status instead of an answer
	ahead   atomic.Int64  // of HQ's clock, in seconds
	allowed atomic.Uint32 // requests that had the token
	greeted atomic.Uint32 // requests of /health
}

func newHQStub(t *testing.T) *hqStub {
	t.Helper()
	s := &hqStub{}
	s.sync.Store(&wire.StoreSync{StoreID: "S1", Epoch: 1})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Duration(s.ahead.Load())*time.Second).UTC().Format(http.TimeFormat))
		switch {
		case r.URL.Path == "/health":
			s.greeted.Add(1)
			fmt.Fprint(w, `{"status":"ok"}`)
		case s.refuse.Load() != 0:
			w.WriteHeader(int(s.refuse.Load()))
		case r.URL.Path != "/v1/stores/S1/sync":
			w.WriteHeader(http.StatusNotFound)
		default:
			if r.Header.Get("Authorization") == "Bearer geheim" {
				s.allowed.Add(1)
			}
			at := s.sync.Load()
			fmt.Fprintf(w, `{"store_id":%q,"epoch":%d,"received_upto":%d,"chain_hash":%q,"quarantined":0}`, at.StoreID, at.Epoch, at.ReceivedUpto, at.ChainHash.String())
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// patient is a shop under examination.
type patient struct {
	t   *testing.T
	app *edge.App
	cfg edge.Config
	hq  *hqStub
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, hq: newHQStub(t)}
	p.app = open(t, func(c *edge.Config) {
		c.HQURL, c.StoreToken, c.SyncTimeout = p.hq.URL, "geheim", 2*time.Second
		p.cfg = *c
	})
	return p
}

func (p *patient) write(n int) {
	p.t.Helper()
	drafts := make([]outbox.Draft, n)
	for i := range drafts {
		var err error
		drafts[i], err = outbox.NewDraft(outbox.Draft{Type: "Noted", AggregateID: uuid.Must(uuid.NewV7()), OccurredAt: time.Now(), BusinessDate: "2026-11-22"}, i)
		require.NoError(p.t, err)
	}
	require.NoError(p.t, p.app.DB.InTx(p.t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return p.app.Outbox.Append(ctx, tx, drafts...) }))
}

// has makes the stub have the first n events.
func (p *patient) has(n int64) {
	p.t.Helper()
	at := &wire.StoreSync{StoreID: "S1", Epoch: 1, ReceivedUpto: n}
	entries, err := p.app.Outbox.List(p.t.Context(), p.app.DB, outbox.All, n-1, 1)
	require.NoError(p.t, err)
	if len(entries) == 1 && n > 0 {
		at.ChainHash = entries[0].Hash
	}
	p.hq.sync.Store(at)
}

func (p *patient) exec(sql string) {
	p.t.Helper()
	conn, err := p.app.DB.Pool().Acquire(p.t.Context())
	require.NoError(p.t, err)
	defer conn.Release()
	_, err = conn.Conn().PgConn().Exec(p.t.Context(), sql).ReadAll()
	require.NoError(p.t, err)
}

func (p *patient) examined(newest int64) *doctor.Report {
	p.t.Helper()
	report := edge.Doctor(p.t.Context(), p.cfg, slog.New(slog.DiscardHandler), newest)
	for _, c := range report.Checks {
		require.NotContains(p.t, c.Found+c.Advice, "geheim")
		require.Equal(p.t, c.Status != doctor.OK, c.Advice != "", "%v", c)
	}
	return report
}

// is makes sure of one check's outcome.
func (p *patient) is(name string, status doctor.Status, found string) {
	p.t.Helper()
	for _, c := range p.examined(0).Checks {
		if c.Name == name {
			require.Equal(p.t, status, c.Status, c.Found)
			require.Contains(p.t, c.Found, found)
			return
		}
	}
	require.Fail(p.t, "no check "+name)
}

const offTriggers = "alter table outbox disable trigger user; alter table outbox_start disable trigger user; "

func TestDoctorOfAHealthyShop(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.write(5)
	p.has(3)
	names := ""
	for _, c := range p.examined(2).Checks {
		names += c.Name + "; "
		if c.Name != "durability" { // the server of tests has no fsync
			require.Equal(t, doctor.OK, c.Status, "%s: %s", c.Name, c.Found)
		}
	}
	require.Equal(t, "configuration; database; durability; schema; disk; wal; database clock; line to HQ; clock; store; chain; retention; pending; ", names)
	require.NotZero(t, p.hq.allowed.Load())
	p.is("configuration", doctor.OK, `store "S1"; tills at 127.0.0.1:8080; database postgres://`)
	p.is("line to HQ", doctor.OK, "accepts the token and has 3 of 5 events, with our hash")
	p.is("chain", doctor.OK, "all 5 events verify")
	p.is("pending", doctor.OK, "5 events wait for HQ")
	p.is("retention", doctor.OK, "the oldest event kept is 1")
	p.is("clock", doctor.OK, "within a second, against HQ's")
	for _, c := range p.examined(2).Checks {
		if c.Name == "chain" {
			require.Contains(t, c.Found, "the newest 2 events verify, up to event 5")
		}
	}
}

func TestDoctorOnTheLine(t *testing.T) {
	t.Parallel()
	const name = "line to HQ"
	p := newPatient(t)
	p.write(5)
	p.has(0)
	p.is(name, doctor.OK, "none of 5 events")
	p.hq.sync.Store(&wire.StoreSync{StoreID: "S1", Epoch: 1, ChainHash: wire.Hash{31: 1}})
	p.is(name, doctor.Fail, "HQ has none of 5 events, and a hash of them all the same")
	p.has(0)
	for status, c := range map[int32]struct {
		status doctor.Status
		found  string
	}{
		http.StatusUnauthorized: {doctor.Fail, "refuses the token"}, http.StatusForbidden: {doctor.Fail, "refuses the token"},
		http.StatusNotFound: {doctor.Fail, "404"}, http.StatusServiceUnavailable: {doctor.Warn, "answers, but not with this store's watermark: HQ answered 503"},
	} {
		p.hq.refuse.Store(status)
		p.is(name, c.status, c.found)
	}
	p.hq.refuse.Store(0)

	p.has(4)
	at := *p.hq.sync.Load()
	at.ChainHash[0]++
	p.hq.sync.Store(&at)
	p.is(name, doctor.Fail, "another event 4 than this box: a fork")
	p.hq.sync.Store(&wire.StoreSync{StoreID: "S1", Epoch: 1, ReceivedUpto: 6})
	p.is(name, doctor.Fail, "has 6 events of this store, and this box wrote only 5")
	p.hq.sync.Store(&wire.StoreSync{StoreID: "S1", Epoch: 2})
	p.is(name, doctor.Fail, "epoch 2 to this store, and this box writes epoch 1")

	p.has(3)
	p.exec("update outbox set published_at = now(); update sync_cursors set position = 5; delete from outbox where id < 4")
	p.is(name, doctor.OK, "3 of 5 events, with our hash") // of what was retired the last hash is kept
	at = *p.hq.sync.Load()
	at.ChainHash[0]++
	p.hq.sync.Store(&at)
	p.is(name, doctor.Fail, "another event 3 than this box: a fork")
	p.has(2)
	p.is(name, doctor.Fail, "has 2 events and needs the next ones, and the oldest one kept here is 4")

	p.has(5)
	p.exec("alter table outbox rename column hash to was")
	p.is(name, doctor.Fail, "column")
	p.exec("alter table outbox rename column was to hash")
	p.hq.Close()
	p.is(name, doctor.Warn, "does not answer: the connection is refused")
	p.is("clock", doctor.OK, "not compared with HQ's")
	p.cfg.StoreToken = ""
	p.is(name, doctor.Warn, "OFFLINE")
	p.cfg.HQURL, p.cfg.HQGRPCTarget = "", "127.0.0.1:1"
	p.is(name, doctor.Fail, "HQ_GRPC_TARGET is set, and HQ_URL is not: the shop sells OFFLINE")
	p.cfg.StoreToken, p.cfg.HQURL = "geheim", "nonsense"
	p.is(name, doctor.Fail, "HQ_URL")
}

func TestDoctorOnTheClock(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.hq.ahead.Store(30)
	p.is("clock", doctor.Warn, "seconds behind, against HQ's")
	p.hq.ahead.Store(-3690)
	p.is("clock", doctor.Fail, "61 minutes ahead, against HQ's")
	p.hq.ahead.Store(0)
	p.write(1)
	p.is("clock", doctor.OK, "against HQ's")
	p.exec(offTriggers + "update outbox set occurred_at = now() + interval '3 days 1 hour'")
	p.is("clock", doctor.Fail, "event 1 is from 3 days in the future")
	p.exec("update outbox set occurred_at = now() + interval '1 minute'")
	p.is("clock", doctor.Warn, "event 1 is from")
}

func TestDoctorOnTheLog(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.write(5)
	p.exec(offTriggers + "update outbox set created_at = now() - interval '3 hours 1 minute'")
	p.is("pending", doctor.Warn, "5 events wait for HQ, the oldest for 3 hours")
	p.exec("update outbox set created_at = now() - interval '50 seconds'")
	p.is("pending", doctor.OK, "the oldest for 5")
	p.exec("update outbox set created_at = now() - interval '65 seconds'")
	p.is("pending", doctor.Warn, "the oldest for 6")
	p.exec("update outbox set created_at = now() - interval '8 days'")
	p.is("pending", doctor.Fail, "the oldest for 8 days")
	p.is("retention", doctor.OK, "the oldest event kept is 1, 8 days old")
	url := p.cfg.HQURL
	p.cfg.HQURL = "http://127.0.0.1:1"
	p.is("pending", doctor.Fail, "the oldest for 8 days; line to HQ: http://127.0.0.1:1 does not answer: the connection is refused")
	p.cfg.HQURL = ""
	p.is("pending", doctor.Warn, "the oldest for 8 days")
	p.cfg.HQURL = url

	p.exec("update outbox set published_at = now() - interval '36 days'; update sync_cursors set position = 5")
	p.is("pending", doctor.OK, "nothing waits for HQ")
	p.is("retention", doctor.OK, "the oldest event kept is 1")
	p.exec("update outbox set published_at = now() - interval '38 days'")
	p.is("retention", doctor.Warn, "event 1 should have been retired: HQ has had it for 38 days")
	p.exec("update sync_cursors set position = 1 where name = 'uplink.acked'")
	p.is("retention", doctor.OK, "the oldest event kept is 1") // an HQ that fell back is owed it
	p.exec("update outbox set cashier_id = 'C9' where id = 2")
	p.is("chain", doctor.Fail, "event 2 is not what was written")
	p.exec("delete from outbox where id = 1")
	p.is("chain", doctor.Fail, "event 1 is missing")
	for _, c := range p.examined(1).Checks {
		if c.Name == "chain" {
			require.Equal(t, doctor.Fail, c.Status, "a low end that was cut off is found by the short look, too")
		}
	}
	p.exec("delete from outbox")
	p.is("retention", doctor.OK, "no event is kept")
}

func TestDoctorOnTheSettings(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.cfg.StoreID = "S2"
	p.is("store", doctor.Fail, "EDGE_STORE_ID is S2, and the database is store S1's")
	p.cfg.StoreID = ""
	p.is("store", doctor.OK, "store S1's")
	p.is("configuration", doctor.Warn, `store ""`)
	p.is("line to HQ", doctor.OK, "accepts the token")
	p.cfg.StoreID, p.cfg.Currency = "S1", "USD"
	p.is("store", doctor.Fail, "EDGE_CURRENCY is USD")
	p.cfg.Currency, p.cfg.HQURL = "VND", "http://0.0.0.0:1"
	p.is("configuration", doctor.Warn, "HQ http://0.0.0.0:1, token set")
}

// The database is gone: everything that does not need it is still told.
func TestDoctorWithoutADatabase(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.cfg.DatabaseURL = "postgres://u:geheim@127.0.0.1:1/edge?connect_timeout=1"
	report := p.examined(0)
	told := map[string]string{}
	for _, c := range report.Checks {
		told[c.Name] = string(c.Status) + " " + c.Found
	}
	require.Contains(t, told["database"], "fail the database cannot be reached")
	require.Contains(t, told["line to HQ"], "warn HQ answers in")
	require.Contains(t, told["clock"], "ok ")
	for _, name := range []string{"durability", "schema", "wal", "database clock", "store", "chain", "retention", "pending"} {
		require.Contains(t, told[name], "warn not checked")
	}
	require.ErrorContains(t, report.Print(&strings.Builder{}, false), "1 of 13 checks failed")
}

// An older schema: what it has not is said once, by the check of the schema, and
// nothing is migrated.
func TestDoctorOnAnOlderSchema(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.exec("delete from goose_db_version where version_id >= 5; drop table outbox_start cascade")
	p.is("schema", doctor.Fail, "version 4, and this program needs")
	p.is("line to HQ", doctor.Warn, "ours are not known")
	for _, name := range []string{"store", "chain", "retention", "pending"} {
		p.is(name, doctor.Warn, "not checked: the schema is another")
	}
	p.is("schema", doctor.Fail, "version 4")
}
