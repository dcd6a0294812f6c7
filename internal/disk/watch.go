package disk

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Every is how often a Watch looks: a disk fills in hours, and a disk that fills
// in minutes is seen at /ready, which looks each time.
const Every = time.Minute

// slotLimit is how much WAL an unused replication slot may keep before that is
// worth a line in the log: twice what PostgreSQL keeps by itself (max_wal_size).
const slotLimit int64 = 1 << 30

// Watch looks after the disks of one database.
type Watch struct {
	db  *postgres.DB
	dir string
	log *slog.Logger

	mu   sync.Mutex
	told map[string]Level // by area, or by slot
}

// NewWatch watches db, whose data directory is dir; an empty dir means that
// somebody else runs the server, and then only SQL is asked. db may be nil.
func NewWatch(db *postgres.DB, dir string, log *slog.Logger) *Watch {
	return &Watch{db: db, dir: dir, log: log, told: map[string]Level{}}
}

// Area is one file system that matters to the database.
type Area struct {
	Room

	Name string // "data" or "wal"
	Path string
	Err  error // it could not be measured, and Room is zero
}

// Areas measures the file systems of the data directory dir and of its pg_wal;
// none if dir is empty.
func Areas(dir string) []Area {
	if dir == "" {
		return nil
	}
	areas := []Area{{Name: "data", Path: dir}, {Name: "wal", Path: filepath.Join(dir, "pg_wal")}}
	for i := range areas {
		areas[i].Room, areas[i].Err = Free(areas[i].Path)
	}
	return areas
}

// Disks is Areas without a second one on the same file system: for people, who
// need not be told twice.
func Disks(dir string) []Area {
	areas := Areas(dir)
	if len(areas) == 2 && (areas[1].Err != nil || sameDisk(areas[0].Path, areas[1].Path)) {
		return areas[:1]
	}
	return areas
}

// Run looks at once and every minute, until ctx is done.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		w.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look measures, and logs what has crossed a limit since it looked last.
func (w *Watch) Look(ctx context.Context) {
	sizes := postgres.Sizes{WAL: postgres.Unknown, Database: postgres.Unknown}
	if w.db != nil {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		var err error
		if sizes, err = postgres.ReadSizes(ctx, w.db); err != nil { // the disks still are to be looked at: perhaps they are why
			w.log.DebugContext(ctx, "the database's size could not be read", "error", err)
		}
	}
	for _, area := range Disks(w.dir) {
		if area.Err == nil {
			w.tell(ctx, area, sizes)
		}
	}
	for _, slot := range sizes.Slots {
		w.tellSlot(ctx, slot)
	}
}

func (w *Watch) tell(ctx context.Context, area Area, sizes postgres.Sizes) {
	level, changed := w.next(area.Name, area.After)
	if !changed {
		return
	}
	log := w.log.With("area", area.Name, "path", area.Path, "free_bytes", area.Free, "total_bytes", area.Total, "wal_bytes", sizes.WAL,
		"database_bytes", sizes.Database)
	switch level {
	case Ample:
		log.InfoContext(ctx, "the database's disk has room again")
	case Low:
		log.WarnContext(ctx, "the database's disk is filling up", "hint", Advice(area, sizes.Slots))
	case Critical:
		log.ErrorContext(ctx, "the database's disk is almost full", "hint", Advice(area, sizes.Slots))
	}
}

// tellSlot treats what a slot keeps as a disk that has room for slotLimit.
func (w *Watch) tellSlot(ctx context.Context, slot postgres.Slot) {
	level, changed := w.next("slot "+slot.Name, func(was Level) Level {
		if slot.Retained > slotLimit || was == Low && slot.Retained > slotLimit/10*9 {
			return Low
		}
		return Ample
	})
	if changed && level == Low {
		w.log.WarnContext(ctx, "a replication slot that nobody reads keeps WAL on the disk", "slot", slot.Name, "retained_bytes", slot.Retained,
			"hint", SlotAdvice(slot))
	}
}

// next records the level of what, and tells whether it is news.
func (w *Watch) next(what string, after func(was Level) Level) (level Level, changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.told[what]
	level = after(was)
	w.told[what] = level
	return level, level != was
}

// RequireRoom is a fault of kind Unavailable (disk_almost_full) if a disk of the
// database is critically full now. What cannot be measured is not refused.
func (w *Watch) RequireRoom() error {
	for _, area := range Disks(w.dir) {
		if area.Err == nil && area.Level() == Critical {
			return fault.New(fault.Unavailable, "disk_almost_full", "the database's disk (%s) is almost full: %s", area.Name, area.Room).
				Advise("%s", Advice(area, nil)).With("check", "disk")
		}
	}
	return nil
}
