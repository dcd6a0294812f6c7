package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The titles are those of PostgreSQL 15 to 18, with and without a cluster_name.
func TestWhoHoldsUpTheCheckpoint(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]bool{
		"checkpointer ": false, "checkpointer performing shutdown checkpoint": false, "shop 7: checkpointer ": false,
		"archiver last was 000000010000000000000001": false, "walsender standby [local] streaming 0/3000148": false,
		"logger ": false, "io worker 0": false,

		"postgres hq [local] idle": true, "shop 7: postgres hq [local] COMMIT": true, "archivers hq [local] idle": true,
		"autovacuum worker hq": true, "autovacuum launcher ": true, "logical replication launcher ": true, "parallel worker for PID 4711": true,
		"background writer ": true, "walwriter ": true, "walsummarizer ": true, "walreceiver streaming 0/3000148": true,
		"startup recovering 000000010000000000000001": true, "shop: startup recovering 000000010000000000000001": true,
	} {
		require.Equal(t, want, holdsUpCheckpoint(title), title)
	}
}
