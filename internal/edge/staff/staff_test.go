package staff_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// shop is a store's people, at a clock of the test's, with tills T1 to T5. PINs
// are cheap: what they cost is TestTheCostOfAPIN's.
type shop struct {
	*staff.People

	t   *testing.T
	mu  sync.Mutex
	now time.Time
}

func newShop(t *testing.T) *shop {
	t.Helper()
	t.Parallel()
	s := &shop{t: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	s.People = &staff.People{DB: postgrestest.New(t, edgedb.Migrations), StoreID: "S1", Cost: staff.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, Now: s.clock}
	for _, id := range []string{"T1", "T2", "T3", "T4", "T5"} {
		s.exec("insert into terminals (terminal_id, store_id, name, token_hash) values ($1, 'S1', $1, sha256($1::text::bytea))", id)
	}
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

func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.DB.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

// hire adds a person with this PIN.
func (s *shop) hire(id string, role staff.Role, pin string) {
	s.t.Helper()
	require.NoError(s.t, s.AddWithPIN(s.t.Context(), id, "Lan", role, pin))
}

// try tries a PIN at a terminal and returns the code of the fault; "" if it was right.
func (s *shop) try(terminal, id, pin string) string {
	_, err := s.Identify(s.t.Context(), staff.Try{TerminalID: terminal, CashierID: id, PIN: pin})
	return fault.CodeOf(err)
}

// entries are the actions in the audit log, each with its subject.
func (s *shop) entries() (list []string) {
	s.t.Helper()
	records, err := audit.List(s.t.Context(), s.DB, 0, 1000)
	require.NoError(s.t, err)
	for _, r := range records {
		list = append(list, string(r.Action)+" "+r.Subject)
	}
	return list
}

func TestAPersonIsAddedOnce(t *testing.T) {
	s := newShop(t)
	pin, err := s.Add(t.Context(), "C1", "Lan", staff.Cashier)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9]{6}$`, pin)
	require.Empty(t, s.try("T1", "C1", pin))
	_, err = s.Add(t.Context(), "C1", "Another", staff.Manager)
	require.Equal(t, "staff_exists", fault.CodeOf(err))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	_, err = s.Add(t.Context(), "C 2", "Minh", staff.Cashier)
	require.Equal(t, "cashier_id_invalid", fault.CodeOf(err))
	for _, role := range []staff.Role{"", "owner", "Manager"} {
		_, err = s.Add(t.Context(), "C2", "Minh", role)
		require.Equal(t, "role_invalid", fault.CodeOf(err))
	}
	require.Equal(t, "pin_invalid", fault.CodeOf(s.AddWithPIN(t.Context(), "C2", "Minh", staff.Cashier, "1234")))
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, []any{"C1", "Lan", staff.Cashier, true}, []any{list[0].ID, list[0].Name, list[0].Role, list[0].HasPIN})
	require.Nil(t, list[0].DisabledAt)
	require.False(t, list[0].CreatedAt.IsZero())
	require.Equal(t, []string{"staff.added C1"}, s.entries(), "what did not happen is not written")
}

// Nothing in the database, and no fault, says a PIN.
func TestAPINIsKeptNowhere(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "48261937")
	s.hire("M1", staff.Manager, "73914628")
	require.Equal(t, "pin_wrong", s.try("T1", "C1", "59162738"))
	_, err := s.ResetPIN(t.Context(), "C1", "62849175")
	require.NoError(t, err)
	_, err = s.Identify(t.Context(), staff.Try{TerminalID: "T1", CashierID: "59162738", PIN: "C1"}) // in the wrong fields
	require.Error(t, err)
	require.NotContains(t, err.Error(), "59162738")
	var everything string
	require.NoError(t, s.DB.QueryRow(t.Context(), "select (select string_agg(a::text, ' ') from audit_log a) || (select string_agg(s::text, ' ') from staff s)").Scan(&everything))
	for _, pin := range []string{"48261937", "73914628", "59162738", "62849175"} {
		require.NotContains(t, everything, pin)
	}
}

func TestDisabledAndEnabled(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	require.NoError(t, s.Disable(t.Context(), "C1"))
	require.NoError(t, s.Disable(t.Context(), "C1"), "twice is harmless")
	require.Equal(t, "cashier_disabled", s.try("T1", "C1", "4826"))
	require.Equal(t, "pin_wrong", s.try("T1", "C1", "4827"), "only the person themselves is told")
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.True(t, list[0].DisabledAt.Equal(s.now))
	require.NoError(t, s.Enable(t.Context(), "C1"))
	require.NoError(t, s.Enable(t.Context(), "C1"))
	require.Empty(t, s.try("T1", "C1", "4826"))
	for _, err := range []error{s.Disable(t.Context(), "C9"), s.Enable(t.Context(), "C9")} {
		require.Equal(t, "staff_not_found", fault.CodeOf(err))
		require.Equal(t, fault.NotFound, fault.KindOf(err))
	}
	require.Equal(t, []string{"staff.added C1", "staff.disabled C1", "pin.refused C1", "pin.wrong C1", "staff.enabled C1"}, s.entries())
}

// A new PIN ends whatever the old one opened, and a pause that somebody else's
// guesses led to.
func TestANewPIN(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	s.exec(`insert into sessions (token_hash, terminal_id, cashier_id, opened_at, expires_at) values (sha256('a'), 'T1', 'C1', $1, $2)`, s.now, s.now.Add(time.Hour))
	for range 5 {
		require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
	}
	require.Equal(t, "pin_blocked", s.try("T1", "C1", "4826"))
	pin, err := s.ResetPIN(t.Context(), "C1", "")
	require.NoError(t, err)
	require.Equal(t, "pin_wrong", s.try("T1", "C1", "4826"))
	require.Empty(t, s.try("T1", "C1", pin))
	var open int
	require.NoError(t, s.DB.QueryRow(t.Context(), "select count(*) from sessions where ended_at is null").Scan(&open))
	require.Zero(t, open)
	pin, err = s.ResetPIN(t.Context(), "C1", "7391")
	require.NoError(t, err)
	require.Equal(t, "7391", pin)
	_, err = s.ResetPIN(t.Context(), "C1", "1111")
	require.Equal(t, "pin_invalid", fault.CodeOf(err))
	require.Empty(t, s.try("T1", "C1", "7391"))
	_, err = s.ResetPIN(t.Context(), "C9", "7391")
	require.Equal(t, "staff_not_found", fault.CodeOf(err))
	require.Equal(t, 2, strings.Count(strings.Join(s.entries(), "\n"), "staff.pin_reset C1"))
}

// Somebody from a version without PINs has none, and is told nothing else than a
// stranger.
func TestAPersonWithoutAPIN(t *testing.T) {
	s := newShop(t)
	s.exec("insert into staff (cashier_id, store_id, name, role) values ('C1', 'S1', 'Lan', 'cashier')")
	for _, pin := range []string{"", "4826", "null"} {
		require.Equal(t, "pin_wrong", s.try("T1", "C1", pin))
	}
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.False(t, list[0].HasPIN)
	pin, err := s.ResetPIN(t.Context(), "C1", "")
	require.NoError(t, err)
	require.Empty(t, s.try("T1", "C1", pin))
}

// A database that does not answer is no proof that a PIN is wrong.
func TestNobodyIsRefusedForAnOutage(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	s.DB.Close()
	_, err := s.Identify(t.Context(), staff.Try{TerminalID: "T1", CashierID: "C1", PIN: "4826"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = s.List(t.Context())
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}
