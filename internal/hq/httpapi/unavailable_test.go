package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// While its database is away HQ answers 503 and says so; it takes nothing that
// it could not keep.
func TestWithoutADatabase(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/hq?connect_timeout=1", postgres.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	s := &server{url: serve(t, hq.New(db, hq.Config{Token: hqToken}, nil))}
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))

	require.Equal(t, http.StatusOK, s.call(t, "GET", "/health", "", nil).status)
	s.requireProblem(t, s.call(t, "GET", "/ready", "", nil), http.StatusServiceUnavailable, "database_unavailable")
	a := s.call(t, "POST", ingestion, "any-token", shop.All())
	s.requireProblem(t, a, http.StatusServiceUnavailable, "database_unavailable")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	s.requireProblem(t, s.call(t, "GET", "/v1/stores", hqToken, nil), http.StatusServiceUnavailable, "database_unavailable")
	require.Contains(t, s.text(t, "/metrics"), "tiem_quarantined NaN")
}

// A database without the schema is not ready either.
func TestReadyNeedsTheSchema(t *testing.T) {
	t.Parallel()
	s := &server{url: serve(t, hq.New(postgrestest.New(t, nil), hq.Config{}, nil))}
	s.requireProblem(t, s.call(t, "GET", "/ready", "", nil), http.StatusServiceUnavailable, "schema_missing")

	db := postgrestest.New(t, hqdb.Migrations)
	s.url = serve(t, hq.New(db, hq.Config{}, nil))
	require.Equal(t, http.StatusOK, s.call(t, "GET", "/ready", "", nil).status)
	_, err := db.Exec(t.Context(), "update goose_db_version set version_id = 99 where version_id = 1")
	require.NoError(t, err)
	s.requireProblem(t, s.call(t, "GET", "/ready", "", nil), http.StatusServiceUnavailable, "schema_missing")
}

// A store whose row is locked by somebody gets "try again" within seconds.
func TestALockedStoreIsToldToTryAgain(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	conn, err := s.app.DB.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select 1 from store_streams where store_id = 'S1' for update")
	require.NoError(t, err)
	s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()), http.StatusServiceUnavailable, "database_locked")

	other := hqtest.NewShop("S2")
	other.Sell(one(tea))
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S2"], other.All()).status, "other stores do not wait")
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()).status)
}
