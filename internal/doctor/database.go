package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tiem/internal/disk"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// databaseChecks are those that Examine cannot make without a database.
var databaseChecks = []string{"durability", "schema", "wal", "database clock"}

// lookPatience is for the server of another process, which answers at once or
// has gone down.
const lookPatience = 5 * time.Second

// Examine makes the checks that both programs have. It returns the database if
// it answers, and else nil; Close it when done.
func (r *Report) Examine(ctx context.Context, source postgres.Source) *postgres.Database {
	how, dir := "", ""
	look := ctx
	if source.URL == "" {
		facts := postgres.Diagnose(ctx, source.Managed)
		r.Managed(facts, source.DirSetting, source.Program)
		dir = facts.Cluster
		if !r.mayAsk(facts, source.Program) {
			r.disks(dir, nil)
			r.NotChecked("no database could be asked", databaseChecks...)
			return nil
		}
		how = "that runs"
		if facts.Locked {
			var cancel context.CancelFunc
			look, cancel = context.WithTimeout(ctx, lookPatience)
			defer cancel()
		} else {
			how = "that was started for this examination and is stopped after it"
		}
	}
	d, err := source.Look(look)
	if err == nil {
		err = d.Ping(ctx)
	}
	if err != nil {
		r.noAnswer(ctx, source, err)
		r.disks(dir, nil)
		r.NotChecked("the database does not answer", databaseChecks...)
		if d != nil {
			_ = d.Close() // it is the refusal that matters
		}
		return nil
	}
	r.version(ctx, d.DB, how)
	r.durability(ctx, d.DB)
	r.schema(ctx, d.DB, source.Migrations, source.Program)
	sizes, err := postgres.ReadSizes(ctx, d.DB)
	r.disks(dir, sizes.Slots)
	r.wal(sizes, err)
	r.databaseClock(ctx, d.DB, time.Now)
	return d
}

// mayAsk tells whether the managed server can be asked, or started to be asked,
// without a change to any file of the shop; why not is a check.
func (r *Report) mayAsk(f postgres.Facts, program string) bool {
	const name, above = "database", "see the data directory above"
	switch {
	case hidden(f):
		r.Warn(name, above, "not checked: the data may not be looked at")
	case f.Major == 0: // to attach would make one
		r.Fail(name, above, "there is none that could be asked")
	case f.Locked && f.Postmaster == 0: // who owns it starts it; to wait for that would not say what is wrong
		r.notUp(f, program)
	case !f.Locked && f.NoStart != "":
		r.Warn(name, above+"; what only a start would change, "+program+" serve changes when it starts", "not started: %s", f.NoStart)
	default:
		return true
	}
	return false
}

// noAnswer tells why a database that should answer does not.
func (r *Report) noAnswer(ctx context.Context, source postgres.Source, err error) {
	const name = "database"
	found, _ := words(err)
	switch {
	case source.URL != "" && fault.KindOf(err) == fault.Unavailable:
		r.Fail(name, "look at the server that "+source.URLSetting+" names: somebody else runs it", "%s", found)
	case source.URL == "" && fault.CodeOf(err) == "data_dir_in_use": // it went down as we came, or does so again and again
		r.notUp(postgres.Diagnose(ctx, source.Managed), source.Program)
	default:
		r.Error(name, err)
	}
}

// notUp is about an owner whose server does not come up.
func (r *Report) notUp(f postgres.Facts, program string) {
	words := f.LastWords
	if words == "" {
		words = "its log does not say why"
	}
	r.Fail("database", "run doctor again in ten seconds; if it stays so, mend what postgres.log in "+f.Root+" says. "+program+
		" serve goes on trying by itself and need not be stopped", "not up: %s", cut(words))
}

func (r *Report) version(ctx context.Context, db *postgres.DB, how string) {
	var version, readOnly string
	err := db.QueryRow(ctx, "select current_setting('server_version'), current_setting('transaction_read_only')").Scan(&version, &readOnly)
	if how == "" {
		how = "that somebody else runs"
	}
	switch {
	case err != nil:
		r.Error("database", postgres.Fault(err))
	case readOnly == "on":
		r.Fail("database", "connect to the primary, or look at default_transaction_read_only", "PostgreSQL %s, %s, takes no writes: a standby, or set to read only", version, how)
	default:
		r.OK("database", "PostgreSQL %s, %s, answers and takes writes", version, how)
	}
}

// durability is about what happens to a paid sale when the power fails.
func (r *Report) durability(ctx context.Context, db *postgres.DB) {
	const name = "durability"
	var fsync, pages, sums string
	err := db.QueryRow(ctx, "select current_setting('fsync'), current_setting('full_page_writes'), current_setting('data_checksums')").Scan(&fsync, &pages, &sums)
	switch {
	case err != nil:
		r.Error(name, postgres.Fault(err))
	case fsync != "on" || pages != "on":
		r.Fail(name, "turn both on: nothing else makes a paid sale survive a power cut", "fsync is %s, full_page_writes is %s", fsync, pages)
	case sums != "on":
		r.Warn(name, "stop the server and run pg_checksums --enable on its data directory", "data checksums are off: a bad disk would not be noticed")
	default:
		r.OK(name, "fsync, full page writes and data checksums are on")
	}
}

func (r *Report) schema(ctx context.Context, db *postgres.DB, migrations fs.FS, program string) {
	const name = "schema"
	applied, newest, err := postgres.SchemaVersions(ctx, db, migrations)
	switch {
	case err != nil:
		r.Error(name, err)
	case applied < newest:
		r.Fail(name, "run "+program+" migrate; serve does it, too, when it starts", "version %d, and this program needs %d", applied, newest)
	case applied > newest:
		r.Fail(name, "use the newer program that migrated it; this one must not write to it", "version %d, and this program knows only %d", applied, newest)
	default:
		r.OK(name, "version %d, as this program has it", applied)
	}
}

func (r *Report) disks(dir string, slots []postgres.Slot) {
	const name = "disk"
	if dir == "" {
		r.OK(name, "somebody else's: its free space cannot be seen from here, only what SQL tells")
		return
	}
	areas := disk.Disks(existing(dir))
	for _, area := range areas {
		label := name
		if len(areas) > 1 {
			label = name + " of " + area.Name
		}
		if area.Err != nil {
			r.Warn(label, "run doctor as the user who runs serve, or as root", "cannot be measured: %v", area.Err)
			continue
		}
		status := map[disk.Level]Status{disk.Ample: OK, disk.Low: Warn, disk.Critical: Fail}[area.Level()]
		r.Is(status, label, disk.Advice(area, slots), "%s at %s", area.Room, area.Path)
	}
}

// existing is the deepest directory on the way to path that is there: where the
// data would be.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

func (r *Report) wal(s postgres.Sizes, err error) {
	const name = "wal"
	if err != nil {
		r.Error(name, err)
		return
	}
	size := "not told to this account"
	if s.WAL != postgres.Unknown {
		size = disk.Bytes(s.WAL)
	}
	if len(s.Slots) > 0 {
		slot := s.Slots[0] // the one that keeps most
		r.Warn(name, disk.SlotAdvice(slot), "pg_wal: %s, database: %s; %d replication slots that nobody reads, %s keeps %s of WAL", size, disk.Bytes(s.Database),
			len(s.Slots), slot.Name, disk.Bytes(slot.Retained))
		return
	}
	r.OK(name, "pg_wal: %s, database: %s; no replication slot without a reader", size, disk.Bytes(s.Database))
}

// databaseClock compares the database's clock with ours: they differ only if it
// is on another machine.
func (r *Report) databaseClock(ctx context.Context, db *postgres.DB, now func() time.Time) {
	const name = "database clock"
	var there time.Time
	before := now()
	err := db.QueryRow(ctx, "select clock_timestamp()").Scan(&there)
	after := now()
	if err != nil {
		r.Error(name, postgres.Fault(err))
		return
	}
	offset := there.Sub(before.Add(after.Sub(before) / 2))
	r.Is(ClockStatus(offset), name, ClockAdvice, "%s, against this machine's", Offset(offset))
}
