package postgres_test

import (
	"testing"
	"testing/fstest"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
)

// UUIDs go to PostgreSQL and come back: alone, in arrays, as text, and as NULL.
func TestUUIDsTravel(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, fstest.MapFS{"00001_none.sql": {Data: []byte("-- +goose Up\nselect 1;\n-- +goose Down\n")}})
	one, two := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV4())
	var id uuid.UUID
	var list []uuid.UUID
	var text string
	var absent, present *uuid.UUID
	err := db.QueryRow(t.Context(), "select $1::uuid, $2::uuid[] || $1::uuid, $1::uuid::text, $3::uuid, $4::uuid", one, []uuid.UUID{two, one}, absent, &two).
		Scan(&id, &list, &text, &absent, &present)
	require.NoError(t, err)
	require.Equal(t, one, id)
	require.Equal(t, []uuid.UUID{two, one, one}, list)
	require.Equal(t, one.String(), text)
	require.Nil(t, absent)
	require.Equal(t, two, *present)

	var none []uuid.UUID
	require.NoError(t, db.QueryRow(t.Context(), "select $1::uuid[]", []uuid.UUID{}).Scan(&none))
	require.Empty(t, none)
	require.NoError(t, db.QueryRow(t.Context(), "select $1::text::uuid", one.String()).Scan(&id), "as text, too")
	require.Error(t, db.QueryRow(t.Context(), "select null::uuid").Scan(&id), "NULL is no UUID")
}
