//go:build unix

package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func() error { return goleak.Find() })
}
