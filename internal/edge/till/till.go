// Package till knows the store's terminals: which there are, and which one a
// token belongs to. A token is shown once when the terminal is added; the
// database holds its hash.
package till

import (
	"context"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
	"tiem/internal/wire"
)

// Terminals are the terminals of one store.
type Terminals struct {
	DB      *postgres.DB
	StoreID string
}

// Terminal is one till.
type Terminal struct {
	ID        string     `json:"terminal_id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// Add registers a terminal with its receipt counter and returns its token. With
// rotate, a terminal that exists gets a new token instead, and its old one is
// worth nothing from then on; its receipt numbers go on.
func (t *Terminals) Add(ctx context.Context, id, name string, rotate bool) (string, error) {
	if !wire.ValidName(id) {
		return "", fault.New(fault.Invalid, "terminal_id_invalid", "a terminal id is 1 to 16 letters and digits").At("id")
	}
	text, hash := token.New()
	err := t.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q := edgedb.New()
		if rotate {
			n, err := q.RotateTerminalToken(ctx, tx, id, hash)
			if err != nil || n == 1 {
				return err
			}
		}
		if err := q.InsertTerminal(ctx, tx, id, t.StoreID, name, hash); err != nil {
			return err
		}
		return q.InsertReceiptCounter(ctx, tx, id)
	})
	if fault.KindOf(err) == fault.Conflict {
		return "", fault.New(fault.Conflict, "terminal_exists", "terminal %s exists already", id).At("id").
			Advise("--rotate gives it a new token")
	}
	return text, err
}

// ByToken is the terminal that a bearer token belongs to; unauthorized (401) if
// it is nobody's or was revoked.
func (t *Terminals) ByToken(ctx context.Context, bearer string) (string, error) {
	if bearer == "" {
		return "", fault.New(fault.Unauthorized, "token_missing", "this call needs a terminal's token").
			Advise("send Authorization: Bearer <token>")
	}
	id, err := edgedb.New().TerminalByToken(ctx, t.DB, token.Hash(bearer))
	err = postgres.Fault(err)
	if fault.KindOf(err) == fault.NotFound {
		return "", ErrToken
	}
	return id, err
}

// ErrToken is the fault of a token that is nobody's (401).
var ErrToken = fault.New(fault.Unauthorized, "token_invalid", "this token belongs to no terminal").Advise("pair the terminal again")

// List are all terminals by id.
func (t *Terminals) List(ctx context.Context) ([]Terminal, error) {
	rows, err := edgedb.New().ListTerminals(ctx, t.DB)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	list := make([]Terminal, len(rows))
	for i, r := range rows {
		list[i] = Terminal{ID: r.TerminalID, Name: r.Name, CreatedAt: r.CreatedAt, RevokedAt: r.RevokedAt}
	}
	return list, nil
}
