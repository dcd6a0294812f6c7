package fleet

import (
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

var queries = hqdb.New()

// Fleet is the stores of one HQ. It is safe for concurrent use.
type Fleet struct{ db *postgres.DB }

// New returns the fleet that is kept in db.
func New(db *postgres.DB) *Fleet { return &Fleet{db: db} }
