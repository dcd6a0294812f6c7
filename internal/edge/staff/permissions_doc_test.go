package staff

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table in docs/operations.md is the table that counts.
func TestThePermissionTableIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	said := map[Permission][2]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| [^|]+ \\| (yes |with an approval |)\\| (yes |)\\|$").FindAllStringSubmatch(string(text), -1) {
		said[Permission(row[1])] = [2]string{row[2], row[3]}
	}
	want := map[Permission][2]string{}
	for _, p := range permissions[Manager] {
		cashier := ""
		if Cashier.May(p) {
			cashier = "yes "
		}
		want[p] = [2]string{cashier, "yes "}
	}
	for _, p := range Approvable {
		want[p] = [2]string{"with an approval ", "yes "}
	}
	require.Equal(t, want, said)
	require.Subset(t, permissions[Manager], permissions[Cashier])
}
