package fleet

import (
	"context"

	"tiem/internal/postgres"
	"tiem/internal/token"
)

// Rotate issues a new token for a store; the old one is refused from now on. A
// store that is not there is not found (store_unknown).
func (f *Fleet) Rotate(ctx context.Context, id string) (text string, err error) {
	text, hash := token.New()
	changed, err := queries.UpdateStoreToken(ctx, f.db, hash, id)
	if err != nil {
		return "", postgres.Fault(err)
	}
	if changed == 0 {
		return "", unknown(id)
	}
	return text, nil
}
