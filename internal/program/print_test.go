package program_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/program"
)

func TestPrintTableAlignsItsColumns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, program.PrintTable(&out, "TERMINAL NAME ADDED", [][]string{{"T1", "Till 1", "never"}, {"T100", "Quầy 2", "never"}}))
	require.Equal(t, "TERMINAL  NAME    ADDED\nT1        Till 1  never\nT100      Quầy 2  never\n", out.String())
}

func TestPrintJSONIsStable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, program.PrintJSON(&out, map[string]any{"b": 1, "a": []int{}, "c": "<é>"}))
	require.Equal(t, []string{"{", `  "a": [],`, `  "b": 1,`, `  "c": "<é>"`, "}", ""}, strings.Split(out.String(), "\n"))
	require.Error(t, program.PrintJSON(&out, func() {}), "what is no JSON is an error")
	require.Error(t, program.PrintJSON(broken{}, 1), "a full disk is an error")
	require.Error(t, program.PrintTable(broken{}, "A", nil))
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWhen(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 9, 8, 7, 999, time.Local)
	require.Equal(t, "2026-11-22 09:08:07", program.When(&at))
	require.Equal(t, "never", program.When(nil))
}
