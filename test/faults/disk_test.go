//go:build linux

package faults

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// backSoon is within which a shop must sell again, by itself, once there is room.
const backSoon = 15 * time.Second

// Row 18 at the edge: the disk with the store's data is full. At first only the
// data is refused; then the database's log, which is on the same disk, finds no
// room either, and PostgreSQL cannot run at all.
func TestFault18EdgeDataDiskFull(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	d := h.onDisk(edgeSide, filepath.Join(h.data, "edge"), 256)
	h.sellOn(18, 20)()
	h.freshLog(edgeSide)
	d.fill()
	wait := h.sellOn(1818, 40)

	p, refusal := h.sellUntil(d, "disk_full")
	require.Contains(t, refusal.Message, "disk is full")
	require.Contains(t, refusal.Hint, "free space")
	status, _ := h.probe(edgeSide, "/health")
	require.Equal(t, http.StatusOK, status)
	status, code := h.probe(edgeSide, "/ready")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "disk_almost_full", code)
	reader := h.edge() // the database answers: what was sold can be looked at
	defer reader.Close()
	_, err := reader.Inventory(t.Context())
	require.NoError(t, err)

	h.fillLog(edgeSide, d)
	h.refusedForSpace(edgeSide, d)
	d.free()
	h.resumes(p, wait)
	h.judge()
}

// Row 19 at the edge: the disk with the log of the store's database is full.
// PostgreSQL panics and cannot start until there is room.
func TestFault19EdgeWALDiskFull(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	d := h.onDisk(edgeSide, filepath.Join(h.cluster(edgeSide), "pg_wal"), 80)
	h.sellOn(19, 20)()
	h.fillLog(edgeSide, d)
	wait := h.sellOn(1919, 40)
	p, _ := h.sellUntil(d, "") // whatever the call hears that PostgreSQL dies of
	h.refusedForSpace(edgeSide, d)
	d.free()
	h.resumes(p, wait)
	h.judge()
}

// Rows 18 and 19 at HQ: the shop goes on selling, the relay waits, and drains
// when there is room.
func TestFault18HQDataDiskFull(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	d := h.onDisk(hqSide, filepath.Join(h.data, "hq"), 256)
	h.sellOn(18, 20)()
	h.freshLog(hqSide)
	d.fill()
	h.sellsWithoutHQ(d)
	d.free()
	h.drains()
	h.judge()
}

func TestFault19HQWALDiskFull(t *testing.T) {
	t.Parallel()
	h := openHost(t)
	d := h.onDisk(hqSide, filepath.Join(h.cluster(hqSide), "pg_wal"), 80)
	h.sellOn(19, 20)()
	h.fillLog(hqSide, d)
	h.sellsWithoutHQ(d)
	h.refusedForSpace(hqSide, d)
	d.free()
	h.drains()
	h.judge()
}

// sellUntil buys until the edge refuses with the code (empty: any), and returns
// the first purchase that was refused, and what the last one was told.
func (h *host) sellUntil(d disk, code string) (purchase, *fault.Error) {
	h.t.Helper()
	var first *purchase
	for range 1000 {
		p := newPurchase()
		err := h.buy(p)
		d.fill() // what PostgreSQL has freed meanwhile
		if err == nil {
			continue
		}
		refusal := refusalOf(h.t, err)
		if first == nil {
			first = &p
		}
		if code == "" || refusal.Code == code {
			h.did("no room; after %d sales a till hears 503 %s: %s (%s)", len(h.ledger.Sales())+h.own, refusal.Code, refusal.Message, refusal.Hint)
			return *first, refusal
		}
	}
	require.FailNow(h.t, "a thousand sales, and nobody heard "+code)
	return purchase{}, nil
}

// refusedForSpace waits until a side's database cannot start, and its program
// says why: at /ready, in its log and, at the edge, to its tills.
func (h *host) refusedForSpace(at side, d disk) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		d.fill()
		status, code := h.probe(at, "/ready")
		return status == http.StatusServiceUnavailable && code == "disk_full"
	}, time.Minute, 20*time.Millisecond)
	require.Contains(h.t, h.said(at), "PostgreSQL does not start; trying again")
	require.Contains(h.t, h.said(at), "the database's disk is full")
	status, _ := h.probe(at, "/health")
	require.Equal(h.t, http.StatusOK, status)
	h.did("%s cannot start for want of room; /health 200, /ready 503 disk_full", at.postgres)
	if at == edgeSide {
		_, refusal := h.sellUntil(d, "disk_full")
		require.Contains(h.t, refusal.Message, "disk is full")
	}
}

// resumes waits until what was refused can be bought, with the very requests
// that were refused, and until the other tills have sold what they had to.
func (h *host) resumes(p purchase, wait func()) {
	h.t.Helper()
	freed := time.Now()
	require.Eventually(h.t, func() bool { return h.buy(p) == nil }, backSoon, 20*time.Millisecond)
	h.did("there is room; the refused sale is made, by the same requests, after %v", time.Since(freed).Round(time.Millisecond))
	wait()
}

// sellsWithoutHQ sells until HQ has refused events for want of room, and some
// more. No call of a till is ever refused.
func (h *host) sellsWithoutHQ(d disk) {
	h.t.Helper()
	before := h.own
	for !strings.Contains(h.said(edgeSide), `"msg":"relay: waiting to try again","hq_down":true,"code":"disk_full"`) {
		require.Less(h.t, h.own, before+1000, "HQ still takes everything")
		require.NoError(h.t, h.buy(newPurchase()))
		d.fill()
	}
	h.sellOn(1818, 20)()
	require.Zero(h.t, h.ledger.Stats().Retries, "no till waits for HQ")
	reader := h.edge()
	defer reader.Close()
	status, err := reader.Status(h.t.Context())
	require.NoError(h.t, err)
	require.NotZero(h.t, status.PendingEvents)
	health, _ := h.probe(hqSide, "/health")
	require.Equal(h.t, http.StatusOK, health)
	h.did("HQ has no room: %d sales meanwhile, %d events wait at the edge", 20+h.own-before, status.PendingEvents)
}

// drains waits until HQ has acknowledged everything.
func (h *host) drains() {
	h.t.Helper()
	freed := time.Now()
	reader := h.edge()
	defer reader.Close()
	require.Eventually(h.t, func() bool {
		status, err := reader.Status(h.t.Context())
		return err == nil && status.PendingEvents == 0
	}, backSoon, 20*time.Millisecond)
	h.did("there is room; HQ has everything after %v", time.Since(freed).Round(time.Millisecond))
}

// freshLog makes sure that PostgreSQL has a whole segment of its log to write
// to, so that a disk that is full is full for the data alone.
func (h *host) freshLog(at side) {
	h.t.Helper()
	conn := h.connect(at)
	h.exec(conn, "select pg_switch_wal()")
	h.exec(conn, "select pg_logical_emit_message(true, 'fault', 'the first of a new segment')")
	h.exec(conn, "checkpoint")
	require.NoError(h.t, conn.Close(h.t.Context()))
}

// fillLog fills the log's disk so that the next write behind the present
// segment finds no room.
func (h *host) fillLog(at side, d disk) {
	h.t.Helper()
	conn := h.connect(at)
	for ahead := -1; ahead != 0; { // segments that were made in advance
		d.fill()
		require.NoError(h.t, conn.QueryRow(h.t.Context(), `select count(*) from pg_ls_waldir()
			where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_insert_lsn())`).Scan(&ahead))
		if ahead > 0 {
			h.exec(conn, "select pg_switch_wal()")
			h.exec(conn, "select pg_logical_emit_message(true, 'fault', 'the first of the next segment')")
		}
	}
	_, _ = conn.Exec(h.t.Context(), "select pg_switch_wal()") // others write, too: PostgreSQL may have died by now
	_ = conn.Close(h.t.Context())
}

// disk is a file system of a limited size, in memory.
type disk struct {
	t    *testing.T
	path string
}

// onDisk puts a directory of a side on a disk of its own, of so many MiB. The
// disk goes when the shop has stopped.
func (h *host) onDisk(at side, path string, size int) disk {
	h.t.Helper()
	if os.Geteuid() != 0 {
		h.t.Skip("mounting a disk of a limited size needs root")
	}
	require.NoError(h.t, h.Halt(h.t.Context(), at.server))
	require.NoError(h.t, os.Rename(path, path+".away"))
	require.NoError(h.t, os.Mkdir(path, 0o700))
	require.NoError(h.t, syscall.Mount("tmpfs", path, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%dm", size)))
	h.t.Cleanup(func() {
		require.NoError(h.t, errors.Join(h.Stop(), syscall.Unmount(path, 0)))
	})
	out, err := exec.CommandContext(h.t.Context(), "cp", "-aT", path+".away", path).CombinedOutput() // with its owners and modes
	require.NoError(h.t, err, "%s", out)
	require.NoError(h.t, os.RemoveAll(path+".away"))
	h.restart(at.server)
	return disk{h.t, path}
}

func (d disk) ballast() string { return filepath.Join(d.path, "ballast") }

// fill writes until nothing more can be written.
func (d disk) fill() {
	d.t.Helper()
	file, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(d.t, err)
	for chunk := make([]byte, 1<<20); len(chunk) >= 4<<10; {
		if _, err = file.Write(chunk); err != nil {
			require.ErrorIs(d.t, err, syscall.ENOSPC)
			chunk = chunk[:len(chunk)/2]
		}
	}
	require.NoError(d.t, file.Close())
}

// free takes the ballast away.
func (d disk) free() {
	d.t.Helper()
	require.NoError(d.t, os.Remove(d.ballast()))
}
