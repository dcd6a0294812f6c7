package catalog

import (
	"testing"

	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }
