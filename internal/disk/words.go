package disk

import (
	"fmt"

	"tiem/internal/postgres"
)

// String is the room in words: "1.9 GiB of 20.0 GiB free (9 %)".
func (r Room) String() string {
	percent := int64(0)
	if r.Total > 0 {
		percent = int64(float64(r.Free) / float64(r.Total) * 100)
	}
	return fmt.Sprintf("%s of %s free (%d %%)", Bytes(r.Free), Bytes(r.Total), percent)
}

// Bytes is a size in words, in the binary units of statfs and PostgreSQL.
func Bytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	size, unit := float64(n), 0
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

// Advice is what to do about an area that is not ample.
func Advice(area Area, slots []postgres.Slot) string {
	for _, slot := range slots {
		if slot.Retained > slotLimit {
			return SlotAdvice(slot)
		}
	}
	return "free space on the disk that holds " + area.Path +
		", or move the data directory to a larger one; never delete anything inside it, above all not in pg_wal"
}

// SlotAdvice is what to do about a slot that nobody reads.
func SlotAdvice(slot postgres.Slot) string {
	return fmt.Sprintf("WAL is kept for replication slot %s, which nobody reads (%s): start its reader, or drop it with select pg_drop_replication_slot('%s')",
		slot.Name, Bytes(slot.Retained), slot.Name)
}
