// Package session knows who is signed in at which terminal.
//
// A session is a person at one terminal, for some hours at most. It is opened
// with a PIN (staff.People.Identify), and from then on it is a token of 256
// random bits that the till sends beside its own; the database holds the hash.
// Sessions are rows: they survive a restart. Several may be open at a terminal,
// because a manager comes, does something and goes.
//
// The database is the authority, at every call: a session counts only while it
// is open, its terminal's token is the caller's, and its person is not disabled.
// One query finds all of that (Find). A finalize asks it in the sale's own
// transaction (Holds, through idempotency.Request), and remembers only whom the
// tokens belonged to last (Memory): signing in costs a sale no round trip. One
// that was opened while the clock was far ahead has expired when it is right again.
//
// A session that ends takes nothing with it. The basket is the edge's; the
// cashier, or another, signs in and goes on.
package session

import (
	"context"
	"time"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/postgres"
	"tiem/internal/token"
)

// DefaultLifetime is a long shift.
const DefaultLifetime = 12 * time.Hour

// Sessions are those of one store.
type Sessions struct {
	DB       *postgres.DB
	People   *staff.People
	Lifetime time.Duration    // zero: DefaultLifetime
	Now      func() time.Time // nil: the machine's clock
}

func (s *Sessions) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return s.Now().UTC().Truncate(time.Microsecond)
}

func (s *Sessions) lifetime() time.Duration {
	if s.Lifetime == 0 {
		return DefaultLifetime
	}
	return s.Lifetime
}

// Session is who is signed in where.
type Session struct {
	TerminalID string
	Cashier    staff.Actor
	Name       string
	OpenedAt   time.Time
	ExpiresAt  time.Time
}

// Open signs a person in at a terminal and returns the session's token, which is
// shown once. Faults: those of staff.People.Identify.
func (s *Sessions) Open(ctx context.Context, terminalID, cashierID, pin string) (text string, opened Session, err error) {
	try := staff.Try{TerminalID: terminalID, CashierID: cashierID, PIN: pin}
	proof, err := s.People.Identify(ctx, try)
	if err != nil {
		return "", Session{}, err
	}
	person := proof.Person
	text, hash := token.New()
	now := s.now()
	opened = Session{TerminalID: terminalID, Cashier: staff.Actor{CashierID: person.ID, Role: person.Role}, Name: person.Name,
		OpenedAt: now, ExpiresAt: now.Add(s.lifetime())}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		if err := s.People.Forgive(ctx, tx, proof); err != nil {
			return err
		}
		err := edgedb.New().InsertSession(ctx, tx.Queued(), edgedb.InsertSessionParams{TokenHash: hash, TerminalID: terminalID, CashierID: person.ID,
			OpenedAt: now, ExpiresAt: opened.ExpiresAt})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: terminalID, CashierID: person.ID, Action: audit.SignedIn, Subject: person.ID})
	})
	return text, opened, err
}

// End signs out. Faults: session_invalid (401) if somebody ended it meanwhile.
func (s *Sessions) End(ctx context.Context, c Caller) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		now := s.now()
		n, err := edgedb.New().EndSession(ctx, tx, c.hashes.Session, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return errInvalid
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: c.TerminalID, CashierID: c.Cashier.CashierID, Action: audit.SignedOut, Subject: c.Cashier.CashierID})
	})
}
