package session_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/session"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/token"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// shop has tills T1 and T2 and cashier C1 with the PIN 4826, at the test's clock.
type shop struct {
	*session.Sessions

	t         *testing.T
	terminals *till.Terminals
	tokens    map[string]string // of the tills

	mu  sync.Mutex
	now time.Time
}

func newShop(t *testing.T) *shop {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	s := &shop{t: t, terminals: &till.Terminals{DB: db, StoreID: "S1"}, tokens: map[string]string{}, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	s.Sessions = &session.Sessions{DB: db, Now: s.clock,
		People: &staff.People{DB: db, StoreID: "S1", Cost: staff.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, Now: s.clock}}
	for _, id := range []string{"T1", "T2"} {
		var err error
		s.tokens[id], err = s.terminals.Add(t.Context(), id, id, false)
		require.NoError(t, err)
	}
	require.NoError(t, s.People.AddWithPIN(t.Context(), "C1", "Lan", staff.Cashier, "4826"))
	return s
}

func (s *shop) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *shop) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *shop) open(terminal string) string {
	s.t.Helper()
	text, _, err := s.Open(s.t.Context(), terminal, "C1", "4826")
	require.NoError(s.t, err)
	return text
}

func (s *shop) find(terminal, sessionToken string) error {
	_, err := s.Find(s.t.Context(), s.tokens[terminal], sessionToken)
	return err
}

func TestASessionIsAPersonAtATerminal(t *testing.T) {
	s := newShop(t)
	text, opened, err := s.Open(t.Context(), "T1", "C1", "4826")
	require.NoError(t, err)
	require.Len(t, text, 64)
	require.Equal(t, session.Session{TerminalID: "T1", Cashier: staff.Actor{CashierID: "C1", Role: staff.Cashier}, Name: "Lan",
		OpenedAt: s.now, ExpiresAt: s.now.Add(12 * time.Hour)}, opened)
	found, err := s.Find(t.Context(), s.tokens["T1"], text)
	require.NoError(t, err)
	require.Equal(t, opened, found.Session)
	require.Nil(t, found.Unproven(), "it was looked up just now")
	var kept int
	require.NoError(t, s.DB.QueryRow(t.Context(), "select count(*) from sessions where sessions::text like '%' || $1 || '%'", text).Scan(&kept))
	require.Zero(t, kept, "the token itself is kept nowhere")

	_, _, err = s.Open(t.Context(), "T1", "C1", "9999")
	require.Equal(t, "pin_wrong", fault.CodeOf(err))
	for _, c := range []struct{ terminal, session, code string }{
		{"T1", "", "session_missing"}, {"T1", text[1:], "session_invalid"}, {"T2", text, "session_of_another_terminal"}, {"T9", text, "token_missing"},
	} {
		require.Equal(t, c.code, fault.CodeOf(s.find(c.terminal, c.session)))
	}
	_, err = s.Find(t.Context(), "x", "")
	require.Equal(t, "token_invalid", fault.CodeOf(err), "the till comes first")
}

func TestSessionsEnd(t *testing.T) {
	s := newShop(t)
	s.Lifetime = time.Hour
	first, second := s.open("T1"), s.open("T1")
	caller, err := s.Find(t.Context(), s.tokens["T1"], first)
	require.NoError(t, err)
	require.NoError(t, s.End(t.Context(), caller))
	require.Equal(t, "session_invalid", fault.CodeOf(s.find("T1", first)))
	require.Equal(t, "session_invalid", fault.CodeOf(s.End(t.Context(), caller)), "once")
	require.NoError(t, s.find("T1", second), "the other one goes on")
	s.later(time.Hour - time.Microsecond)
	require.NoError(t, s.find("T1", second))
	s.later(time.Microsecond)
	require.Equal(t, "session_expired", fault.CodeOf(s.find("T1", second)))

	third, other := s.open("T1"), s.open("T2")
	require.NoError(t, s.People.Disable(t.Context(), "C1"))
	require.Equal(t, "cashier_disabled", fault.CodeOf(s.find("T1", third)))
	require.NoError(t, s.People.Enable(t.Context(), "C1"))
	require.NoError(t, s.find("T1", third))
	_, err = s.terminals.Add(t.Context(), "T1", "", true)
	require.NoError(t, err)
	require.Equal(t, "token_invalid", fault.CodeOf(s.find("T1", third)))
	require.NoError(t, s.find("T2", other))

	records, err := audit.List(t.Context(), s.DB, 0, 100)
	require.NoError(t, err)
	count := map[audit.Action]int{}
	for _, r := range records {
		count[r.Action]++
	}
	require.Equal(t, 4, count[audit.SignedIn])
	require.Equal(t, 1, count[audit.SignedOut])
}

// A terminal that gets another token, or loses its own, loses who is signed in.
func TestANewTokenEndsTheSessionsThere(t *testing.T) {
	s := newShop(t)
	here, there := s.open("T1"), s.open("T2")
	var err error
	s.tokens["T1"], err = s.terminals.Add(t.Context(), "T1", "", true)
	require.NoError(t, err)
	require.Equal(t, "session_invalid", fault.CodeOf(s.find("T1", here)))
	require.NoError(t, s.find("T2", there))
	require.NoError(t, s.terminals.Revoke(t.Context(), "T2"))
	require.Equal(t, 2, rows(t, s.DB, "sessions where ended_at is not null"), "at once, and not when it comes back")
	s.tokens["T2"], err = s.terminals.Add(t.Context(), "T2", "", true)
	require.NoError(t, err)
	require.Equal(t, "session_invalid", fault.CodeOf(s.find("T2", there)))
}

// What is remembered is a guess: it says so, and is judged again where it counts.
func TestMemory(t *testing.T) {
	s := newShop(t)
	m := session.Memory{Sessions: s.Sessions}
	find := func(sessionToken string) (session.Caller, error) {
		return m.Find(t.Context(), s.tokens["T1"], sessionToken)
	}
	text := s.open("T1")
	first, err := find(text)
	require.NoError(t, err)
	require.Nil(t, first.Unproven())
	s.DB.Close() // from here on it knows what it knows
	again, err := find(text)
	require.NoError(t, err)
	require.Equal(t, first.Session, again.Session)
	require.Equal(t, &session.Hashes{Terminal: token.Hash(s.tokens["T1"]), Session: token.Hash(text)}, again.Unproven())
	for _, unknown := range []string{text[1:], ""} {
		_, err = find(unknown)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%q is not remembered", unknown)
	}
	_, err = m.Find(t.Context(), "", text)
	require.Equal(t, "token_missing", fault.CodeOf(err))
}

func TestWhatHoldsIsJudgedAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	soon, before := now.Add(time.Microsecond), now.Add(-time.Hour)
	good := edgedb.CallersRow{TerminalID: "T1", SessionTerminal: "T1", CashierID: "C1", Role: "cashier", OpenedAt: &before, ExpiresAt: &soon}
	both := session.Hashes{Terminal: []byte("t"), Session: []byte("s")}
	require.NoError(t, session.Holds(good, "T1", both, now))
	for code, change := range map[string]func(*edgedb.CallersRow){
		"token_invalid":               func(r *edgedb.CallersRow) { r.TerminalID = "" },
		"session_invalid":             func(r *edgedb.CallersRow) { r.EndedAt = &before },
		"session_expired":             func(r *edgedb.CallersRow) { r.ExpiresAt = &now },
		"session_of_another_terminal": func(r *edgedb.CallersRow) { r.SessionTerminal = "T2" },
		"cashier_disabled":            func(r *edgedb.CallersRow) { r.DisabledAt = &before },
	} {
		row := good
		change(&row)
		require.Equal(t, code, fault.CodeOf(session.Holds(row, "T1", both, now)))
		onlyTill := session.Holds(row, "T1", session.Hashes{Terminal: []byte("t")}, now)
		require.Equal(t, code == "token_invalid", onlyTill != nil, "%s: without a session the till is all that is judged", code)
	}
	require.Equal(t, "token_invalid", fault.CodeOf(session.Holds(good, "T2", both, now)))
	require.Equal(t, "session_invalid", fault.CodeOf(session.Holds(edgedb.CallersRow{TerminalID: "T1"}, "T1", both, now)))
}

// What is over is kept for a week, wrong PINs for a day, and what is not over
// for as long as it takes.
func TestSweep(t *testing.T) {
	s := newShop(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := s.DB.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	s.open("T1") // for 12 hours
	exec("insert into staff (cashier_id, store_id, name, role) values ('M1', 'S1', 'Minh', 'manager')")
	exec("insert into approvals values (sha256('a'), 'T1', 'C1', 'M1', 'discount', gen_random_uuid(), $1, $2, null)", s.now, s.now.Add(12*time.Hour))
	exec("insert into pairing_codes values (sha256('c'), 'T9', 'T9', '', $1, $2, null)", s.now, s.now.Add(12*time.Hour))
	exec("insert into pin_attempts values ('C1', '', 3, $1)", s.now.Add(6*24*time.Hour+12*time.Hour))
	const week = 7 * 24 * time.Hour
	for _, c := range []struct {
		after time.Duration
		n     int64
	}{{0, 0}, {week + 12*time.Hour, 0}, {week + 12*time.Hour + time.Microsecond, 4}, {week + 13*time.Hour, 0}} {
		n, err := session.Sweep(t.Context(), s.DB, s.now.Add(c.after))
		require.NoError(t, err)
		require.Equal(t, c.n, n, "after %s", c.after)
	}
	for _, table := range []string{"sessions", "approvals", "pairing_codes", "pin_attempts"} {
		require.Zero(t, rows(t, s.DB, table), table)
	}
	require.NotZero(t, rows(t, s.DB, "audit_log"))
	s.DB.Close()
	_, err := session.Sweep(t.Context(), s.DB, s.now)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func rows(t *testing.T, db *postgres.DB, table string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n))
	return n
}
