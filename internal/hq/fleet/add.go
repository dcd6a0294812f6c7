package fleet

import (
	"context"
	"strings"
	"unicode/utf8"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
	"tiem/internal/wire"
)

const maxName = 200 // characters of a store's name

// Add registers a store, with epoch 1 and an empty log, and returns its token,
// which is not kept. A store that is there already is a conflict (store_exists).
func (f *Fleet) Add(ctx context.Context, id, name string) (text string, err error) {
	name = strings.TrimSpace(name)
	switch {
	case !wire.ValidName(id):
		return "", fault.New(fault.Invalid, "store_id_invalid", "a store id is 1 to 16 letters and digits").At("store_id")
	case name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsRune(name, 0) || !utf8.ValidString(name):
		return "", fault.New(fault.Invalid, "store_name_invalid", "a store's name has 1 to %d characters", maxName).At("name")
	}
	text, hash := token.New()
	err = f.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		added, err := queries.InsertStore(ctx, tx, id, name, hash)
		if err != nil {
			return err
		}
		if added == 0 {
			return fault.New(fault.Conflict, "store_exists", "store %s is registered already", id).At("store_id").
				Advise("its token cannot be shown again; issue a new one with hq-platform store add --id %s --rotate", id)
		}
		return queries.InsertStream(ctx, tx.Queued(), id)
	})
	if err != nil {
		return "", err
	}
	return text, nil
}
