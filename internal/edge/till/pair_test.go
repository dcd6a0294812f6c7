package till_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
)

// makes a code for a terminal, as manager M1 at T1.
func makeCode(t *testing.T, all *till.Terminals, id string) till.Code {
	t.Helper()
	code, err := all.MakeCode(t.Context(), till.Pairing{TerminalID: id, Name: "Till " + id, AtTerminal: "T1", CashierID: "M1"})
	require.NoError(t, err)
	return code
}

func TestACodeLetsATillIn(t *testing.T) {
	all := terminals(t)
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	all.Now = func() time.Time { return now }
	code := makeCode(t, all, "T6")
	require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`, code.Text)
	require.Equal(t, now.Add(10*time.Minute), code.ExpiresAt)
	var kept int
	require.NoError(t, all.DB.QueryRow(t.Context(), "select count(*) from pairing_codes where pairing_codes::text ~ $1", code.Text+"|"+strings.Replace(code.Text, "-", "", 1)).Scan(&kept))
	require.Zero(t, kept, "the code itself is kept nowhere")

	paired, err := all.Pair(t.Context(), strings.ToLower(code.Text))
	require.NoError(t, err)
	require.Equal(t, "T6", paired.TerminalID)
	id, err := all.ByToken(t.Context(), paired.Token)
	require.NoError(t, err)
	require.Equal(t, "T6", id)
	list, err := all.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Till T6", list[0].Name)
	var counter int64
	require.NoError(t, all.DB.QueryRow(t.Context(), "select last_seq from receipt_counters where terminal_id = 'T6'").Scan(&counter))
	require.Zero(t, counter, "it has receipt numbers")

	_, err = all.Pair(t.Context(), code.Text)
	require.Equal(t, "pairing_code_invalid", fault.CodeOf(err), "once")
	require.Equal(t, fault.Unauthorized, fault.KindOf(err))
	records, err := audit.List(t.Context(), all.DB, 0, 10)
	require.NoError(t, err)
	require.Len(t, records, 3)
	require.Equal(t, []any{audit.PairingCodeMade, "T1", "M1", "T6"}, []any{records[0].Action, records[0].TerminalID, records[0].CashierID, records[0].Subject})
	require.Equal(t, []any{audit.TerminalPaired, "T6", "", "T6"}, []any{records[1].Action, records[1].TerminalID, records[1].CashierID, records[1].Subject})
	require.Equal(t, audit.PairingFailed, records[2].Action)
}

func TestACodeThatIsNotGood(t *testing.T) {
	all := terminals(t)
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	all.Now = func() time.Time { return now }
	good := makeCode(t, all, "T6").Text
	_, err := all.Pair(t.Context(), "0000-0000")
	wrong := fault.As(err)
	for name, text := range map[string]string{"none": "", "short": good[:8], "long": good + "0", "a letter that is none": "UUUU-UUUU", "full width": "０" + good[1:],
		"4 KB": strings.Repeat(good, 512), "quoted": "' or true --"} {
		_, err := all.Pair(t.Context(), text)
		require.Equal(t, wrong, fault.As(err), name)
	}
	now = now.Add(10 * time.Minute)
	_, err = all.Pair(t.Context(), good)
	require.Equal(t, wrong, fault.As(err), "expired: the same words")
	now = now.Add(-time.Microsecond)
	_, err = all.Pair(t.Context(), good)
	require.NoError(t, err, "what failed did not use it up")
	_, err = all.MakeCode(t.Context(), till.Pairing{TerminalID: "T 6"})
	require.Equal(t, "terminal_id_invalid", fault.CodeOf(err))
}

// A code for a terminal that is there changes nothing until it is used; then the
// old token is worth nothing.
func TestPairingATillThatIsThere(t *testing.T) {
	all := terminals(t)
	old, err := all.Add(t.Context(), "T1", "Till 1", false)
	require.NoError(t, err)
	_, err = all.DB.Exec(t.Context(), "update receipt_counters set last_seq = last_seq + 1")
	require.NoError(t, err)
	code := makeCode(t, all, "T1")
	_, err = all.ByToken(t.Context(), old)
	require.NoError(t, err)
	paired, err := all.Pair(t.Context(), code.Text)
	require.NoError(t, err)
	_, err = all.ByToken(t.Context(), old)
	require.Equal(t, "token_invalid", fault.CodeOf(err))

	require.NoError(t, all.Revoke(t.Context(), "T1"))
	_, err = all.ByToken(t.Context(), paired.Token)
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	back, err := all.Pair(t.Context(), makeCode(t, all, "T1").Text)
	require.NoError(t, err)
	id, err := all.ByToken(t.Context(), back.Token)
	require.NoError(t, err)
	require.Equal(t, "T1", id, "a revoked till comes back")
	var counter int64
	require.NoError(t, all.DB.QueryRow(t.Context(), "select last_seq from receipt_counters").Scan(&counter))
	require.EqualValues(t, 1, counter, "receipt numbers go on")
}

func TestTwoTillsAndOneCode(t *testing.T) {
	all := terminals(t)
	for _, id := range []string{"T1", "T6"} { // one that is there, one that is new
		if id == "T1" {
			_, err := all.Add(t.Context(), id, id, false)
			require.NoError(t, err)
		}
		code := makeCode(t, all, id)
		var let atomic.Int32
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				_, err := all.Pair(t.Context(), code.Text)
				if err == nil {
					let.Add(1)
				} else if fault.CodeOf(err) != "pairing_code_invalid" {
					t.Error(err)
				}
			})
		}
		running.Wait()
		require.EqualValues(t, 1, let.Load(), id)
	}
}

// Two codes for one new terminal: the second pairs it once more.
func TestTwoCodesForOneTill(t *testing.T) {
	all := terminals(t)
	first, second := makeCode(t, all, "T6"), makeCode(t, all, "T6")
	one, err := all.Pair(t.Context(), first.Text)
	require.NoError(t, err)
	two, err := all.Pair(t.Context(), second.Text)
	require.NoError(t, err)
	_, err = all.ByToken(t.Context(), one.Token)
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	_, err = all.ByToken(t.Context(), two.Token)
	require.NoError(t, err)
}

func TestCodesAreNotGuessed(t *testing.T) {
	all := terminals(t)
	all.Guesses = rate.NewLimiter(till.NewGuesses().Limit(), till.NewGuesses().Burst())
	require.InDelta(t, 1.0/6, float64(all.Guesses.Limit()), 1e-9)
	code := makeCode(t, all, "T6")
	for range 10 {
		_, err := all.Pair(t.Context(), "0000-0000")
		require.Equal(t, "pairing_code_invalid", fault.CodeOf(err))
	}
	_, err := all.Pair(t.Context(), code.Text)
	require.Equal(t, "too_many_attempts", fault.CodeOf(err))
	require.Equal(t, fault.Throttled, fault.KindOf(err))
	require.EqualValues(t, 6, fault.As(err).Details["retry_after_seconds"])
	all.Guesses.SetLimit(rate.Every(time.Millisecond)) // six seconds later
	require.Eventually(t, func() bool { _, err := all.Pair(t.Context(), code.Text); return err == nil }, 20*time.Second, 10*time.Millisecond, "the code is still good")
}

// Fifty tills of a new shop are paired at once: only wrong codes are counted.
func TestGoodCodesAreNoGuesses(t *testing.T) {
	all := terminals(t)
	all.Guesses = till.NewGuesses()
	for i := range 50 {
		_, err := all.Pair(t.Context(), makeCode(t, all, fmt.Sprintf("T%d", i+1)).Text)
		require.NoError(t, err)
	}
}

func TestRevoking(t *testing.T) {
	all := terminals(t)
	token, err := all.Add(t.Context(), "T1", "Till 1", false)
	require.NoError(t, err)
	require.NoError(t, all.Revoke(t.Context(), "T1"))
	require.NoError(t, all.Revoke(t.Context(), "T1"), "twice is harmless")
	_, err = all.ByToken(t.Context(), token)
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	err = all.Revoke(t.Context(), "T9")
	require.Equal(t, "terminal_not_found", fault.CodeOf(err))
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	_, err = all.Add(t.Context(), "T1", "", true)
	require.NoError(t, err)
	records, err := audit.List(t.Context(), all.DB, 0, 10)
	require.NoError(t, err)
	actions := make([]audit.Action, len(records))
	for i, r := range records {
		actions[i] = r.Action
	}
	require.Equal(t, []audit.Action{audit.TerminalAdded, audit.TerminalRevoked, audit.TerminalRotated}, actions)
}
