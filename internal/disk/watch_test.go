//go:build linux

package disk

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// use makes the file system have this many MiB in use.
func use(t *testing.T, dir string, mib int) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "filler"), make([]byte, mib<<20), 0o600))
}

// lines are what was logged since it was last asked.
func lines(t *testing.T, log *bytes.Buffer) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		found = append(found, entry)
	}
	log.Reset()
	return found
}

// A disk that fills and is freed: one line for each limit that is crossed.
func TestCrossingTheLimits(t *testing.T) {
	t.Parallel()
	dir := postgrestest.SmallDisk(t, 64)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "pg_wal"), 0o700))
	log := &bytes.Buffer{}
	w := NewWatch(nil, dir, slog.New(slog.NewJSONHandler(log, nil)))
	for _, step := range []struct {
		used  int // MiB of 64
		says  string
		level string
		ready bool
	}{
		{0, "", "", true},
		{40, "", "", true},
		{50, "the database's disk is filling up", "WARN", true}, // less than 25 %
		{50, "", "", true},
		{48, "", "", true}, // on the limit again: not a tenth to spare
		{50, "", "", true},
		{60, "the database's disk is almost full", "ERROR", false}, // less than 10 %
		{60, "", "", false},
		{57, "", "", true}, // above the limit, though not told yet
		{55, "the database's disk is filling up", "WARN", true},
		{30, "the database's disk has room again", "INFO", true},
		{64, "the database's disk is almost full", "ERROR", false},
		{0, "the database's disk has room again", "INFO", true},
	} {
		use(t, dir, step.used)
		w.Look(t.Context())
		w.Look(t.Context())
		told := lines(t, log)
		if step.says == "" {
			require.Empty(t, told, "%d MiB", step.used)
		} else {
			require.Len(t, told, 1, "%d MiB: once, and the disk of pg_wal is the same: %v", step.used, told)
			require.Equal(t, step.says, told[0]["msg"])
			require.Equal(t, step.level, told[0]["level"])
			require.Equal(t, "data", told[0]["area"])
			require.EqualValues(t, 64<<20, told[0]["total_bytes"])
			require.EqualValues(t, (64-step.used)<<20, told[0]["free_bytes"])
		}
		if step.ready {
			require.NoError(t, w.RequireRoom(), "%d MiB", step.used)
			continue
		}
		err := w.RequireRoom()
		require.Equal(t, "disk_almost_full", fault.CodeOf(err))
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Equal(t, "disk", fault.As(err).Details["check"])
		require.Contains(t, fault.As(err).Hint, dir)
	}
}

// pg_wal on a disk of its own, which is full, beside data on one that is not.
func TestTheDiskOfWAL(t *testing.T) {
	t.Parallel()
	data, wal := postgrestest.SmallDisk(t, 64), postgrestest.SmallDisk(t, 64)
	require.NoError(t, os.Symlink(wal, filepath.Join(data, "pg_wal")))
	use(t, wal, 62)
	log := &bytes.Buffer{}
	w := NewWatch(nil, data, slog.New(slog.NewJSONHandler(log, nil)))
	w.Look(t.Context())
	told := lines(t, log)
	require.Len(t, told, 1)
	require.Equal(t, "wal", told[0]["area"])
	require.ErrorContains(t, w.RequireRoom(), "(wal)")

	registry := prometheus.NewRegistry()
	registry.MustRegister(w.Collectors()...)
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP tiem_disk_free_bytes Bytes that the database's account may still use, by area: data is the disk of the data directory, wal that of pg_wal. Absent for a database that somebody else runs.
# TYPE tiem_disk_free_bytes gauge
tiem_disk_free_bytes{area="data"} 6.7108864e+07
tiem_disk_free_bytes{area="wal"} 2.097152e+06
`), "tiem_disk_free_bytes"))
}

func TestADatabaseThatSomebodyElseRuns(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, nil)
	log := &bytes.Buffer{}
	w := NewWatch(db, "", slog.New(slog.NewJSONHandler(log, nil)))
	w.Look(t.Context())
	require.Empty(t, lines(t, log))
	require.NoError(t, w.RequireRoom(), "what cannot be measured is not refused")
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.Collectors()...)
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 1, "no series for a disk that cannot be seen")
	require.Equal(t, "tiem_wal_bytes", families[0].GetName())
	require.Positive(t, families[0].GetMetric()[0].GetGauge().GetValue())
	db.Close()
	families, err = registry.Gather()
	require.NoError(t, err)
	require.True(t, math.IsNaN(families[0].GetMetric()[0].GetGauge().GetValue()), "unknown is not zero")
}

func TestASlotThatNobodyReads(t *testing.T) {
	t.Parallel()
	log := &bytes.Buffer{}
	w := NewWatch(nil, "", slog.New(slog.NewJSONHandler(log, nil)))
	for _, step := range []struct {
		retained int64
		told     int
	}{{100 * mib, 0}, {gib, 0}, {gib + 1, 1}, {2 * gib, 0}, {gib - 1, 0}, {gib + 1, 0}, {gib / 2, 0}, {2 * gib, 1}} {
		w.tellSlot(t.Context(), postgres.Slot{Name: "old_replica", Retained: step.retained})
		told := lines(t, log)
		require.Len(t, told, step.told, "%d", step.retained)
		if step.told == 1 {
			require.Equal(t, "old_replica", told[0]["slot"])
			require.Contains(t, told[0]["hint"], "pg_drop_replication_slot('old_replica')")
		}
	}
	full := Area{Name: "wal", Path: "/wal"}
	require.Contains(t, Advice(full, []postgres.Slot{{Name: "old_replica", Retained: 2 * gib}}), "old_replica", "why it is full, not just that")
	require.Contains(t, Advice(full, []postgres.Slot{{Name: "old_replica", Retained: 1}}), "/wal")
}

func TestWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, "1.9 GiB of 20.0 GiB free (9 %)", Room{Free: 19 * gib / 10, Total: 20 * gib}.String())
	require.Equal(t, "0 B of 0 B free (0 %)", Room{}.String())
	require.Equal(t, "8.0 EiB", Bytes(math.MaxInt64))
}
