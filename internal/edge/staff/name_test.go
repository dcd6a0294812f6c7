package staff_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/fault"
)

// badNames are refused, each with this code.
var badNames = map[string]string{
	"": "name_invalid", "  ": "name_invalid", "Lan\n": "name_invalid", "Lan\x1b[2J": "name_invalid", "Lan\x00": "name_invalid", "Lan\u202egnad": "name_invalid",
	"Lan\u200b": "name_invalid", "Lan\u2028": "name_invalid", "Lan\xff": "name_invalid", strings.Repeat("ế", 61): "name_invalid",
	"4111 1111 1111 1111": "looks_like_card_number", "Lan 4111-1111-1111-1111": "looks_like_card_number",
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"Lan", "Nguyễn Thị Lan", "Quầy 1", "T1", "O'Brien-Trần", strings.Repeat("ế", 60), "小林"} {
		require.NoError(t, staff.CheckName(good), good)
	}
	for bad, code := range badNames {
		err := staff.CheckName(bad)
		require.Equal(t, code, fault.CodeOf(err), "%q", bad)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, "name", fault.As(err).Field)
		require.NotContains(t, err.Error(), "4111", "it is not repeated")
	}
}

func TestAPersonsName(t *testing.T) {
	s := newShop(t)
	for bad, code := range badNames {
		_, err := s.Add(t.Context(), "C1", bad, staff.Cashier)
		require.Equal(t, code, fault.CodeOf(err), "%q", bad)
	}
	list, err := s.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, list)
}
