package quarantine

import (
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

var queries = hqdb.New()

// Quarantine is the events that one HQ could not apply. It is safe for
// concurrent use.
type Quarantine struct{ db *postgres.DB }

// New returns the quarantine that is kept in db.
func New(db *postgres.DB) *Quarantine { return &Quarantine{db: db} }
