package staff

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var cheap = Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestTheCostOfAPIN(t *testing.T) {
	t.Parallel()
	h := newPHC("4826", StandardCost)
	require.True(t, strings.HasPrefix(h.String(), "$argon2id$v=19$m=19456,t=1,p=1$"), h.String())
	require.Len(t, h.salt, 16)
	require.Len(t, h.key, 32)
	require.True(t, h.isOf("4826"))
	require.NotEqual(t, h.String(), newPHC("4826", StandardCost).String(), "a salt of its own")
	require.Equal(t, StandardCost, (&People{}).cost())
}

// A stored hash is good whatever the cost of new ones is by now.
func TestAHashOfAnotherCost(t *testing.T) {
	t.Parallel()
	for _, cost := range []Cost{cheap, {128, 2, 1}, {256, 3, 4}} {
		h, err := parsePHC(newPHC("4826", cost).String())
		require.NoError(t, err)
		require.Equal(t, cost, h.cost)
		require.True(t, h.isOf("4826"))
		for _, wrong := range []string{"", "4827", "48260", "482", "４８２６"} {
			require.False(t, h.isOf(wrong), wrong)
		}
	}
}

func TestWhatIsNoHash(t *testing.T) {
	t.Parallel()
	good := newPHC("4826", cheap).String()
	_, err := parsePHC(good)
	require.NoError(t, err)
	key := good[strings.LastIndexByte(good, '$')+1:]
	for name, bad := range map[string]string{
		"nothing": "", "another function": strings.Replace(good, "argon2id", "argon2i", 1), "another version": strings.Replace(good, "v=19", "v=16", 1),
		"a parameter too many": strings.Replace(good, "p=1", "p=1,x=1", 1), "another order": strings.Replace(good, "m=64,t=1", "t=1,m=64", 1),
		"a leading zero": strings.Replace(good, "m=64", "m=064", 1), "no memory": strings.Replace(good, "m=64", "m=0", 1),
		"too much memory": strings.Replace(good, "m=64", "m=4194304", 1), "more memory than there are numbers": strings.Replace(good, "m=64", "m=18446744073709551616", 1),
		"no passes": strings.Replace(good, "t=1", "t=0", 1), "too many passes": strings.Replace(good, "t=1", "t=1000", 1),
		"no lanes": strings.Replace(good, "p=1", "p=0", 1), "a short key": strings.Replace(good, key, base64.RawStdEncoding.EncodeToString(make([]byte, 16)), 1),
		"padding": good + "=", "a tail": good + "$", "a blank in front": " " + good, "no salt": strings.Replace(good, "p=1$", "p=1$$", 1),
	} {
		_, err := parsePHC(bad)
		require.ErrorIs(t, err, errPHC, name)
	}
	c := counted{}
	c.rows.Person.PinHash = new("$argon2id$broken")
	require.False(t, c.matches("4826", cheap), "a hash that cannot be read is nobody's PIN")
}

// What is read is written again as the same, and costs what a server can bear.
func FuzzParsePHC(f *testing.F) {
	f.Add(newPHC("4826", cheap).String())
	f.Add(newPHC("4826", StandardCost).String())
	f.Add("$argon2id$v=19$m=19456,t=1,p=1$$")
	f.Add("$argon2id$v=19$m=99999999999,t=1,p=1$c29tZXNhbHQ$c29tZWtleQ")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err != nil {
			return
		}
		require.Equal(t, text, h.String())
		require.LessOrEqual(t, h.cost.MemoryKiB, uint32(mostMemoryKiB))
		require.LessOrEqual(t, h.cost.Passes, uint32(mostPasses))
	})
}
