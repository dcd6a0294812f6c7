package edge

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/internal/doctor"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
)

// When events that wait for HQ are worth a look, and when somebody must act: with a
// line they are sent within a second; a shop may be without one for 30 days, but
// nobody should notice that late.
const (
	pendingWarn = time.Minute
	pendingFail = 7 * 24 * time.Hour
)

// The checks of the ways to HQ: they say why events wait.
const (
	lineCheck   = "line to HQ"
	streamCheck = "gRPC to HQ"
)

// retentionSlack is how much longer than outbox.Keep an event may stay: a server
// that runs retires every hour.
const retentionSlack = 2 * 24 * time.Hour

// chain verifies the newest events, or all of them.
func (e *examination) chain(ctx context.Context, newest int64) {
	const name = "chain"
	verify := e.log.Verify
	if newest > 0 {
		verify = func(ctx context.Context, db *postgres.DB) (outbox.Report, error) {
			return e.log.VerifyLast(ctx, db, newest)
		}
	}
	report, err := verify(ctx, e.db)
	switch {
	case err != nil:
		e.Error(name, err)
	case report.BadID != 0:
		e.Fail(name, "the database was changed by hand or by a bad disk: see docs/sync-protocol.md, Recovery", "%s", report.Problem)
	case report.Trusted:
		e.OK(name, "all %d events verify, up to event %d", report.Events, report.LastID)
	default:
		e.OK(name, "the newest %d events verify, up to event %d (--full for all)", report.Events, report.LastID)
	}
}

// retention tells how far back an HQ that lost data could be served.
func (e *examination) retention(ctx context.Context) {
	const name = "retention"
	oldest, err := edgedb.New().OldestEvent(ctx, e.db)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		e.OK(name, "no event is kept")
		return
	case err != nil:
		e.Error(name, postgres.Fault(err))
		return
	}
	age := e.now().Sub(oldest.CreatedAt)
	if oldest.PublishedAt != nil && e.now().Sub(*oldest.PublishedAt) > outbox.Keep+retentionSlack && oldest.ID < min(e.at.Acked, e.at.Published) {
		e.Warn(name, "store-edge serve retires them every hour: does it run, and what does its log say?", "event %d should have been retired: HQ has had it for %s",
			oldest.ID, doctor.Age(e.now().Sub(*oldest.PublishedAt)))
		return
	}
	e.OK(name, "the oldest event kept is %d, %s old; they stay %s after HQ has them", oldest.ID, doctor.Age(max(age, 0)), doctor.Age(outbox.Keep))
}

// pending tells what waits for HQ, and for how long.
func (e *examination) pending(ctx context.Context) {
	const name = "pending"
	if !e.known {
		e.NotChecked("the log's position cannot be read", name)
		return
	}
	since, err := e.log.OldestPending(ctx, e.db, e.at)
	switch {
	case err != nil:
		e.Error(name, err)
		return
	case since.IsZero():
		e.OK(name, "nothing waits for HQ")
		return
	}
	age := e.now().Sub(since)
	status := doctor.OK
	switch {
	case age >= pendingFail && e.cfg.HQURL != "":
		status = doctor.Fail
	case age >= pendingWarn:
		status = doctor.Warn
	}
	e.Is(status, name, "look at the line to HQ, and at alarm and last_error in GET /v1/status; nothing is lost, and the shop goes on selling",
		"%d events wait for HQ, the oldest for %s%s", e.at.Pending(), doctor.Age(max(age, 0)), e.why())
}

// why is what the checks of the ways to HQ found, if they did not find them good.
func (e *examination) why() string {
	for _, c := range e.Checks {
		if c.Status != doctor.OK && (c.Name == lineCheck || c.Name == streamCheck) {
			return "; " + c.Name + ": " + c.Found
		}
	}
	return ""
}
