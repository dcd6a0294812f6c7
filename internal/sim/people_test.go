package sim

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPeopleAreReadBesideTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), PeopleEnv)
	require.NoError(t, WriteEnvFile(path, []Variable{{"PIN_C1", "1111"}, {"PIN_C10", "1010"}, {"PIN_C2", "2222"}, {"PIN_M1", "9999"}, {"OTHER", "x"}}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	s := Store{CashierID: "C1", ManagerID: "M1", Tills: []Login{{TerminalID: "T1", PINs: PINs{"C1": "4711"}}, {TerminalID: "T2"}}}
	require.NoError(t, ReadPeople(path, &s))
	require.Equal(t, []string{"C1", "C10", "C2"}, s.Cashiers, "the manager is no cashier")
	require.Equal(t, PINs{"C1": "4711", "C10": "1010", "C2": "2222", "M1": "9999"}, s.Tills[0].PINs, "what was known wins")
	require.Equal(t, "2222", s.Tills[1].PINs["C2"])
	require.Equal(t, []string{"C1", "C10", "C2", "C1"}, []string{s.CashierAt(0), s.CashierAt(1), s.CashierAt(2), s.CashierAt(3)})
	require.Equal(t, "M1", s.Till(1).Manager)
}

func TestAStoreWithoutPeopleHasItsCashier(t *testing.T) {
	t.Parallel()
	s := Store{CashierID: "C1", ManagerID: "M1", Tills: []Login{{TerminalID: "T1", PINs: PINs{"C1": "4711", "M1": "0815"}}}}
	require.NoError(t, ReadPeople(filepath.Join(t.TempDir(), "none"), &s))
	require.Equal(t, []string{"C1", "C1"}, []string{s.CashierAt(0), s.CashierAt(7)})
	require.Equal(t, "4711", s.Tills[0].PINs["C1"])
	path := filepath.Join(t.TempDir(), PeopleEnv)
	require.NoError(t, os.WriteFile(path, []byte("PIN_C1=$HOME"), 0o600))
	require.ErrorContains(t, ReadPeople(path, &s), path)
}
