package fleet

import (
	"time"

	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

var queries = hqdb.New()

// Fleet is the stores of one HQ. It is safe for concurrent use.
type Fleet struct {
	Now func() time.Time // HQ's clock, as stores are told it; to be set before it is used

	db *postgres.DB
}

// New returns the fleet that is kept in db, with this machine's clock.
func New(db *postgres.DB) *Fleet { return &Fleet{db: db, Now: time.Now} }
