package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/door"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/intake"
	"tiem/internal/hq/quarantine"
	"tiem/internal/wire"
)

// Parts are the use cases behind the API.
type Parts struct {
	Fleet      *fleet.Fleet
	Intake     *intake.Intake
	Quarantine *quarantine.Quarantine
	Token      string // HQ_TOKEN; empty refuses every script
}

type api struct{ Parts }

// Register adds HQ's operations to d.
func Register(d *door.Door, parts Parts) {
	a := &api{parts}
	d.API().OpenAPI().Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		storeScheme:  {Type: "http", Scheme: "bearer", Description: "A store's token, as store add printed it"},
		scriptScheme: {Type: "http", Scheme: "bearer", Description: "HQ_TOKEN, for scripts"},
	}
	a.registerIngestion(d)
	a.registerStores(d)
	a.registerQuarantine(d)
}

// BodyLimit is the largest body of a request in bytes: a batch of events may be
// as large as the protocol says, everything else is small.
func BodyLimit(r *http.Request) int64 {
	if r.URL.Path == ingestionPath {
		return wire.MaxBatchBytes
	}
	return door.DefaultBodyLimit
}
