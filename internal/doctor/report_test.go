package doctor

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestPrint(t *testing.T) {
	t.Parallel()
	r := &Report{}
	r.OK("schema", "version %d", 7)
	r.Is(OK, "clock", "advice that nobody needs", "within a second")
	r.Warn("disk", "free some", "1.9 GiB\nleft")
	require.NoError(t, r.Print(&bytes.Buffer{}, false), "a warning is no failure")
	r.Error("database", fault.Wrap(errors.New("dial unix"), fault.Unavailable, "x", "cannot be reached").Advise("wait"))
	r.NotChecked("the database does not answer", "chain")

	var table bytes.Buffer
	err := r.Print(&table, false)
	require.Equal(t, "doctor_found_faults", fault.CodeOf(err))
	require.Equal(t, 1, fault.ExitCode(err))
	require.Equal(t, `CHECK     STATUS  FOUND
schema    ok      version 7
clock     ok      within a second
disk      warn    1.9 GiB left
                  -> free some
database  fail    cannot be reached: dial unix
                  -> wait
chain     warn    not checked: the database does not answer
                  -> mend the database first, then run doctor again

2 ok, 2 warn, 1 fail
`, table.String())

	var text bytes.Buffer
	require.Equal(t, 1, fault.ExitCode(r.Print(&text, true)))
	var read Report
	require.NoError(t, json.Unmarshal(text.Bytes(), &read))
	require.Equal(t, *r, read)
	require.Contains(t, text.String(), `"status": "fail"`)
	require.NotContains(t, text.String(), "nobody needs")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestPrintTellsThatItCouldNot(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{true, false} {
		require.ErrorContains(t, (&Report{}).Print(full{}, asJSON), "no space left")
	}
}

func TestLongWordsAreCut(t *testing.T) {
	t.Parallel()
	found, advice := words(errors.New("begin " + strings.Repeat("ữ ", 1000) + "the end says why"))
	require.LessOrEqual(t, len([]rune(found)), longest+3)
	require.True(t, strings.HasPrefix(found, "begin "))
	require.True(t, strings.HasSuffix(found, "the end says why"))
	require.NotEmpty(t, advice)
	found, advice = words(fault.New(fault.Config, "x", "is wrong").At("EDGE_ADDR"))
	require.Equal(t, "EDGE_ADDR: is wrong", found)
	require.NotEmpty(t, advice, "whoever reads it must not be left alone")
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"":                         "none",
		"http://127.0.0.1:8090":    "http://127.0.0.1:8090",
		"postgres://u:p@h:5432/db": "postgres://u:xxxxx@h:5432/db",
		"postgres://h/db?user=u&password=geheim&sslpassword=auch": "postgres://h/db?password=xxxxx&sslpassword=xxxxx&user=u",
		"http://h/?Token=geheim":                                  "http://h/?Token=xxxxx",
		"postgres://u:p@[::1/db":                                  "unreadable",
		"http://geheim@127.0.0.1":                                 "http://geheim@127.0.0.1",
	} {
		require.Equal(t, out, Redact(in), in)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	for offset, status := range map[time.Duration]Status{
		0: OK, 2*time.Second - 1: OK, -2*time.Second + 1: OK, 2 * time.Second: Warn, -2 * time.Second: Warn, time.Minute - 1: Warn,
		time.Minute: Fail, -365 * 24 * time.Hour: Fail,
	} {
		require.Equal(t, status, ClockStatus(offset), offset)
	}
	for offset, text := range map[time.Duration]string{
		0: "within a second", -999 * time.Millisecond: "within a second", 7 * time.Second: "7 seconds ahead", -90 * time.Second: "90 seconds behind",
		3 * time.Minute: "3 minutes ahead", -3 * time.Hour: "3 hours behind", 365 * 24 * time.Hour: "365 days ahead",
	} {
		require.Equal(t, text, Offset(offset))
	}
}
