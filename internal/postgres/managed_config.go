package postgres

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
)

// ServerConfig describes one managed PostgreSQL: one cluster, one owner at a
// time, one database.
type ServerConfig struct {
	// Dir is the data root, such as ./data/edge; it is created if missing. The
	// cluster is in Dir/postgres, its log in Dir/postgres.log.
	Dir string
	// Elsewhere is where the data goes if Dir does not exist yet and lies where
	// the database's account may not go (root's home, say); Dir becomes a link to
	// it. Empty means /var/lib/tiem.
	Elsewhere string
	// BinDir is where postgres and initdb are; empty means to search.
	BinDir string
	// Database is created if it does not exist; empty means "postgres".
	Database string
	// Settings are further server settings; they win over the built-in ones,
	// except for where the socket is.
	Settings map[string]string
	// Logger is told about starts, stops and deaths; nil means slog.Default.
	Logger *slog.Logger
}

const (
	defaultElsewhere = "/var/lib/tiem"

	superuser  = "postgres" // the customary name, so that psql and pg_dump find it
	socketPort = "5432"     // names the socket's file; no port is opened
)

func (c ServerConfig) database() string { return cmp.Or(c.Database, superuser) }

func (c ServerConfig) logger() *slog.Logger { return cmp.Or(c.Logger, slog.Default()) }

// durable tells whether this database must survive a power cut. Only tests
// turn fsync off.
func (c ServerConfig) durable() bool { return c.Settings["fsync"] != "off" }

// settings are given on the command line at each start, so an older cluster
// gets the tuning of the program that runs it. The numbers suit a small
// machine that also runs the shop.
func (c ServerConfig) settings() map[string]string {
	all := map[string]string{
		"listen_addresses":        "",
		"unix_socket_permissions": "0700",

		"fsync":              "on",
		"synchronous_commit": "on",
		"full_page_writes":   "on",

		"max_connections":      "60",
		"shared_buffers":       "64MB",
		"effective_cache_size": "256MB",
		"maintenance_work_mem": "32MB",
		"max_wal_size":         "512MB",
		"min_wal_size":         "64MB",
		"jit":                  "off", // compiling costs more than our short queries
		"timezone":             "UTC",

		"logging_collector":       "off",
		"log_destination":         "stderr",
		"log_timezone":            "UTC",
		"log_checkpoints":         "off",
		"log_min_error_statement": "panic", // a statement may hold what a log must not
	}
	maps.Copy(all, c.Settings)
	return all
}

// settingArgs are settings as arguments of postgres, in a stable order.
func settingArgs(settings map[string]string) []string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
