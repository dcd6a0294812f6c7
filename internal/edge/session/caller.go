package session

import (
	"context"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
)

// Hashes are those of the tokens that a call brought.
type Hashes struct{ Terminal, Session []byte }

// Caller is who a call's tokens belong to.
type Caller struct {
	Session

	hashes Hashes
	guess  bool
}

// Unproven are the hashes of a caller that comes from Memory: they must be looked
// up once more where it counts (Holds). Nil: they were looked up for this call.
func (c Caller) Unproven() *Hashes {
	if !c.guess {
		return nil
	}
	return &c.hashes
}

var (
	errMissing = fault.New(fault.Unauthorized, "session_missing", "nobody is signed in").
			Advise("POST /v1/sessions with the PIN, then send X-Session")
	errInvalid = fault.New(fault.Unauthorized, "session_invalid", "this session is nobody's, or has ended").
			Advise("sign in again: POST /v1/sessions; the basket is kept")
	errExpired = fault.New(fault.Unauthorized, "session_expired", "this session has expired").
			Advise("sign in again: POST /v1/sessions; the basket is kept")
	errElsewhere = fault.New(fault.Forbidden, "session_of_another_terminal", "this session was opened at another terminal").
			Advise("sign in at this one: POST /v1/sessions")
)

// Find is who calls, in one query. Faults: token_missing, token_invalid,
// session_missing, session_invalid, session_expired (401);
// session_of_another_terminal, cashier_disabled (403).
func (s *Sessions) Find(ctx context.Context, bearer, sessionToken string) (Caller, error) {
	hashes, err := hash(bearer, sessionToken)
	if err != nil {
		return Caller{}, err
	}
	row, err := edgedb.New().Callers(ctx, s.DB, hashes.Terminal, hashes.Session)
	if err != nil {
		return Caller{}, postgres.Fault(err)
	}
	if row.TerminalID == "" {
		return Caller{}, till.ErrToken
	}
	if sessionToken == "" {
		return Caller{}, errMissing
	}
	if err := judge(row, s.now()); err != nil {
		return Caller{}, err
	}
	return Caller{Session: sessionOf(row), hashes: hashes}, nil
}

func hash(bearer, sessionToken string) (Hashes, error) {
	if bearer == "" {
		return Hashes{}, till.ErrNoToken
	}
	hashes := Hashes{Terminal: token.Hash(bearer)}
	if sessionToken != "" {
		hashes.Session = token.Hash(sessionToken)
	}
	return hashes, nil
}

// Holds judges what edgedb.WhoCalls found for Unproven hashes, in the
// transaction that counts: the terminal is still terminalID, and the session
// still good. Without a session's hash only the terminal is judged.
func Holds(row edgedb.CallersRow, terminalID string, hashes Hashes, now time.Time) error {
	if row.TerminalID == "" || row.TerminalID != terminalID {
		return till.ErrToken
	}
	if hashes.Session == nil {
		return nil
	}
	return judge(row, now)
}

// judge tells why the session that was found is not one at the terminal that was
// found.
func judge(row edgedb.CallersRow, now time.Time) error {
	switch {
	case row.SessionTerminal == "" || row.EndedAt != nil:
		return errInvalid
	case row.ExpiresAt == nil || !now.Before(*row.ExpiresAt) || row.OpenedAt == nil || row.OpenedAt.After(now.Add(staff.ClockSlack)):
		return errExpired
	case row.SessionTerminal != row.TerminalID:
		return errElsewhere
	case row.DisabledAt != nil:
		return staff.ErrDisabled
	}
	return nil
}

func sessionOf(row edgedb.CallersRow) Session {
	return Session{TerminalID: row.TerminalID, Cashier: staff.Actor{CashierID: row.CashierID, Role: staff.Role(row.Role)}, Name: row.Name,
		OpenedAt: *row.OpenedAt, ExpiresAt: *row.ExpiresAt}
}
