// Package edgedb is the store edge's database: goose migrations, sqlc queries
// and what is generated from them. Its methods take the handle (a pool, a
// transaction) as an argument and decide nothing: rules live in the use cases,
// and what must never happen is refused by the schema itself.
//
// Money is bigint minor units, quantities are bigint thousandths (…_milli),
// hashes are bytea, payloads are text.
package edgedb

import (
	"embed"
	"io/fs"
)

//go:embed migrations/*.sql
var embedded embed.FS

// Migrations is the schema's history: goose SQL files at the file system's root.
var Migrations = mustSub(embedded, "migrations")

func mustSub(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the folder is embedded at build time
	}
	return sub
}
