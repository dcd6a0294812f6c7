package fleet

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
)

// Authenticate returns the store that the bearer token speaks for. A token that is missing,
// wrong or replaced is unauthorized (token_invalid).
func (f *Fleet) Authenticate(ctx context.Context, bearer string) (storeID string, err error) {
	if bearer == "" {
		return "", fault.New(fault.Unauthorized, "token_missing", "a store's token is required").
			Advise("send Authorization: Bearer … with the token that store add printed")
	}
	storeID, err = queries.StoreOfToken(ctx, f.db, token.Hash(bearer))
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.New(fault.Unauthorized, "token_invalid", "HQ does not know this token").
			Advise("the store's token may have been replaced; ask HQ for a new one")
	}
	return storeID, postgres.Fault(err)
}

// Touch notes that the store was heard just now.
func (f *Fleet) Touch(ctx context.Context, storeID string) error {
	return postgres.Fault(queries.TouchStream(ctx, f.db, storeID))
}
