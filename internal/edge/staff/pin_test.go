package staff_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/fault"
)

func TestWhatAPINIs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"4826", "48261", "482619", "4826193", "48261937", "0007", "1235", "1122", "1324", "9753"} {
		require.NoError(t, staff.CheckPIN(good), good)
	}
	for name, bad := range map[string]string{
		"none": "", "too short": "482", "too long": "482619375", "all the same": "7777", "all zero": "00000000", "up": "1234", "up past nine": "7890123",
		"down": "8765", "down past zero": "210987", "letters": "48a6", "a blank": "48 6", "full width": "４８２６", "Arabic": "٤٨٢٦", "a sign": "-482", "a line end": "4826\n",
	} {
		err := staff.CheckPIN(bad)
		require.Equal(t, "pin_invalid", fault.CodeOf(err), name)
		require.Equal(t, "pin", fault.As(err).Field)
	}
}

func TestAMadePIN(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		pin, err := staff.NewPIN()
		require.NoError(t, err)
		require.Len(t, pin, 6)
		require.NoError(t, staff.CheckPIN(pin))
		seen[pin] = true
	}
	require.Greater(t, len(seen), 190)
}

// What is let through satisfies the rule, written down a second time.
func FuzzCheckPIN(f *testing.F) {
	for _, seed := range []string{"4826", "1234", "7777", "987654", "482", "123456789", "４８２６", "48\x0026", "7890"} {
		f.Add(seed)
	}
	digits := regexp.MustCompile(`^[0-9]{4,8}\z`)
	f.Fuzz(func(t *testing.T, pin string) {
		err := staff.CheckPIN(pin)
		steps := map[int]bool{}
		for i := 1; i < len(pin); i++ {
			steps[(int(pin[i])-int(pin[i-1])+20)%10] = true
		}
		plain := !digits.MatchString(pin) || len(steps) == 1 && (steps[0] || steps[1] || steps[9])
		require.Equal(t, plain, err != nil, "%q: %v", pin, err)
	})
}
