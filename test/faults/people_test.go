package faults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sim"
)

// Whatever became of people's PINs between two starts of an installation, after
// it they can sign in: a PIN that still works stays, one that was reset by hand
// or that nobody knows any more is replaced. (An edge of an older version has
// people without a PIN, which nobody knows either.)
func TestPeopleCanSignInAfterAnyStart(t *testing.T) {
	o := sim.Options{Bin: bin, DataDir: postgrestest.DataDir(t), Catalogue: demo.Catalogue}
	first, err := sim.Start(t.Context(), o)
	require.NoError(t, err)
	before := first.Store().Tills[0].PINs
	require.Len(t, before, 6, "five cashiers and a manager")
	_, err = first.Command(t.Context(), sim.EdgeServer, "staff", "reset-pin", "--id", "C1")
	require.NoError(t, err)
	require.NoError(t, first.Stop())
	path := filepath.Join(o.DataDir, sim.PeopleEnv)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	known := strings.ReplaceAll(string(text), "PIN_M1=", "PIN_X1=")
	require.NoError(t, os.WriteFile(path, []byte(known), 0o600))

	o.Known = sim.Store{} // demo.env is lost, too
	second, err := sim.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Stop()) })
	after := second.Store().Tills[0].PINs
	require.Len(t, after, 6)
	require.NotEqual(t, before["C1"], after["C1"], "it was reset by hand")
	require.NotEqual(t, before["M1"], after["M1"], "nobody knew it")
	for _, id := range []string{"C2", "C3", "C4", "C5"} {
		require.Equal(t, before[id], after[id])
	}
	for id := range after {
		till := sim.NewTill(second.Store().EdgeURL, second.Store().Tills[0], id)
		require.NoError(t, till.SignIn(t.Context()), id)
		require.NoError(t, till.SignOut(t.Context()), id)
		till.Close()
	}
}
