// Package deploy checks compose.yaml and deploy/ without a container engine, as
// far as that goes: the compose file is read by Compose's own library
// (tools/compose) and judged here; the Dockerfile's build stage is run as plain
// commands in a copy of the tree; and what it built is run by an unprivileged
// user, with the compose file's own commands and settings, against a real
// PostgreSQL, until a sale has reached HQ.
//
// What is not tried: that the images of others can be pulled and hold what we
// believe (toolsOf), and what only an engine does: networks, volumes, read-only
// file systems, and health checks that run in a container. docs/deploy.md says so.
package deploy

import (
	"os"
	"testing"

	"tiem/internal/postgres/postgrestest"
)

const repository = "../.."

func TestMain(m *testing.M) {
	postgrestest.Main(m, func() error { return os.RemoveAll(scratch) })
}
