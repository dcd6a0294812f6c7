package till_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
)

func pairs(t *testing.T, all *till.Terminals, code till.Code) string {
	t.Helper()
	_, err := all.Pair(t.Context(), code.Text)
	return fault.CodeOf(err)
}

// A code that was made while the clock was ahead is none when it is right.
func TestACodeFromTheFuture(t *testing.T) {
	all := terminals(t)
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	all.Now = func() time.Time { return now }
	made := func(ahead time.Duration) till.Code {
		now = now.Add(ahead)
		code, err := all.MakeCode(t.Context(), till.Pairing{TerminalID: "T6"})
		require.NoError(t, err)
		now = now.Add(-ahead)
		return code
	}
	require.Equal(t, "pairing_code_invalid", pairs(t, all, made(365*24*time.Hour)))
	require.Equal(t, "pairing_code_invalid", pairs(t, all, made(5*time.Minute+time.Microsecond)))
	require.Empty(t, pairs(t, all, made(5*time.Minute)), "a clock that is set right by a little disturbs nobody")
}

// A code falls with whoever made it.
func TestACodeOfSomebodyDisabled(t *testing.T) {
	all := terminals(t)
	people := &staff.People{DB: all.DB, StoreID: "S1"}
	code := makeCode(t, all, "T6")
	require.NoError(t, people.Disable(t.Context(), "M1"))
	require.Equal(t, "pairing_code_invalid", pairs(t, all, code))
	require.NoError(t, people.Enable(t.Context(), "M1"))
	require.Empty(t, pairs(t, all, code), "what failed did not use it up")

	code, err := all.MakeCode(t.Context(), till.Pairing{TerminalID: "T7"})
	require.NoError(t, err)
	require.NoError(t, people.Disable(t.Context(), "M1"))
	require.Empty(t, pairs(t, all, code), "the command line's falls with nobody")
}

// A code falls with the terminal that it was made for.
func TestACodeOfATerminalThatIsRevoked(t *testing.T) {
	all := terminals(t)
	for _, id := range []string{"T1", "T2"} {
		_, err := all.Add(t.Context(), id, "", false)
		require.NoError(t, err)
	}
	byHand := func(id string) till.Code {
		code, err := all.MakeCode(t.Context(), till.Pairing{TerminalID: id})
		require.NoError(t, err)
		return code
	}
	before, others := byHand("T1"), byHand("T2")
	require.NoError(t, all.Revoke(t.Context(), "T1"))
	require.Equal(t, "pairing_code_invalid", pairs(t, all, before))
	between := byHand("T1")
	require.NoError(t, all.Revoke(t.Context(), "T1"))
	require.Equal(t, "pairing_code_invalid", pairs(t, all, between), "also when it is revoked already")
	require.NoError(t, all.Revoke(t.Context(), "T1"), "and nothing is left to do")
	require.Equal(t, []int{2, 2}, []int{count(t, all, audit.TerminalRevoked), count(t, all, audit.PairingFailed)})
	require.Empty(t, pairs(t, all, byHand("T1")), "one that was made since brings it back")
	require.Empty(t, pairs(t, all, others))

	before = byHand("T9")
	require.Equal(t, "terminal_not_found", fault.CodeOf(all.Revoke(t.Context(), "T9")))
	require.Empty(t, pairs(t, all, before), "a refusal changes nothing")
}

func count(t *testing.T, all *till.Terminals, action audit.Action) (n int) {
	t.Helper()
	require.NoError(t, all.DB.QueryRow(t.Context(), "select count(*) from audit_log where action = $1", string(action)).Scan(&n))
	return n
}

// Codes that are not good are in the audit log, also when the caller hangs up,
// and no more of them than may be tried.
func TestFailedCodesAreWrittenDown(t *testing.T) {
	all := terminals(t)
	all.Guesses = till.NewGuesses()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, code := range []string{"", "no code"} { // nothing to look up
		_, err := all.Pair(gone, code)
		require.Equal(t, "pairing_code_invalid", fault.CodeOf(err))
	}
	require.Equal(t, 2, count(t, all, audit.PairingFailed))
	code := makeCode(t, all, "T6")
	require.Empty(t, pairs(t, all, code))
	require.Equal(t, "pairing_code_invalid", pairs(t, all, code), "used")
	require.Equal(t, 3, count(t, all, audit.PairingFailed))
	for range 10 {
		pairs(t, all, code)
	}
	require.Equal(t, 10, count(t, all, audit.PairingFailed), "ten wrong ones; the good one was no guess")
	var said string
	require.NoError(t, all.DB.QueryRow(t.Context(), "select string_agg(distinct a::text, ' ') from (select terminal_id, cashier_id, subject, reason, detail from audit_log where action = 'terminal.pairing_failed') a").Scan(&said))
	require.Equal(t, `("","","","",{})`, said, "and not what was typed")
}

func TestATerminalsName(t *testing.T) {
	all := terminals(t)
	for bad, code := range map[string]string{"Quầy\n1": "name_invalid", "Quầy \u202e1": "name_invalid", strings.Repeat("x", 61): "name_invalid", " ": "name_invalid",
		"4111 1111 1111 1111": "looks_like_card_number"} {
		_, err := all.Add(t.Context(), "T1", bad, false)
		require.Equal(t, code, fault.CodeOf(err), "%q", bad)
		require.Equal(t, "name", fault.As(err).Field)
		_, err = all.MakeCode(t.Context(), till.Pairing{TerminalID: "T1", Name: bad})
		require.Equal(t, code, fault.CodeOf(err), "%q", bad)
	}
	_, err := all.Add(t.Context(), "T1", "", false)
	require.NoError(t, err)
	list, err := all.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, "T1", list[0].Name, "without a name it is called by its id")
}
