// Package disk watches how much room a database has left, and says so before
// the disk is full: in the log, as metrics, at /ready and in doctor.
//
// # What is measured
//
//	data      free bytes of the file system that holds PostgreSQL's data directory
//	wal       the same for its pg_wal, which may be a link to another disk
//	by SQL    the size of pg_wal and of the database, and replication slots that
//	          nobody uses and that keep WAL from being recycled
//
// File systems can be asked only about a server that this program runs. A
// database at a URL is somebody else's: then only what SQL tells is known.
//
// # Levels
//
// A disk is ample, low (act soon) or critical (act now). PostgreSQL with a full
// disk refuses sales and loses none; with a full pg_wal it stops. A level gets
// better only when there is a tenth more room than it takes, so that a disk that
// is filled and freed at a limit is one line in the log and not one a minute.
//
// The package keeps the levels as last told, in memory, and no other state.
package disk
