// Package till knows the store's terminals: which there are, which one a token
// belongs to, and how a new one is let in.
//
// A terminal has one token, of 256 random bits, that is shown once; the database
// holds its hash. A token comes from the command line on the shop's server (Add),
// or through a pairing code: somebody who may, or the command line, makes a code
// for a terminal (MakeCode), and whoever types it into a till first gets the
// terminal's token (Pair). A code is short-lived and good once, so it may be
// said across the shop.
//
// Whatever gives a terminal a new token, or takes its token away (Revoke), ends
// the sessions there: they were somebody's at that till. Revoke uses up the
// terminal's open codes as well, and a code is worth nothing any more when its
// maker is disabled. Its baskets and its receipt numbers stay. Two tills with one token are one terminal to the edge:
// baskets are locked and ids are unique, so nothing is doubled.
package till

import (
	"cmp"
	"context"
	"time"

	"golang.org/x/time/rate"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
	"tiem/internal/wire"
)

// Terminals are the terminals of one store.
type Terminals struct {
	DB      *postgres.DB
	StoreID string
	Guesses *rate.Limiter    // how often a pairing code may be tried; nil: as often as anybody likes
	Now     func() time.Time // nil: the machine's clock
}

func (t *Terminals) now() time.Time {
	if t.Now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return t.Now().UTC().Truncate(time.Microsecond)
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
// worth nothing from then on; its receipt numbers go on. An empty name is the
// id. Faults: terminal_id_invalid, name_invalid, looks_like_card_number (422),
// terminal_exists (409).
func (t *Terminals) Add(ctx context.Context, id, name string, rotate bool) (string, error) {
	name = cmp.Or(name, id)
	if err := check(id, name); err != nil {
		return "", err
	}
	text, hash := token.New()
	err := t.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		rotated := false
		if rotate {
			var err error
			if rotated, err = t.replaceToken(ctx, tx, id, hash); err != nil {
				return err
			}
		}
		entry := audit.Entry{At: t.now(), Action: audit.TerminalRotated, Subject: id}
		if !rotated {
			entry.Action = audit.TerminalAdded
			if err := t.insert(ctx, tx, id, name, hash); err != nil {
				return err
			}
		}
		return audit.Write(ctx, tx, entry)
	})
	if fault.KindOf(err) == fault.Conflict {
		return "", fault.New(fault.Conflict, "terminal_exists", "terminal %s exists already", id).At("id").
			Advise("--rotate gives it a new token")
	}
	return text, err
}

func check(id, name string) error {
	if !wire.ValidName(id) {
		return fault.New(fault.Invalid, "terminal_id_invalid", "a terminal id is 1 to 16 letters and digits").At("id")
	}
	return staff.CheckName(name)
}

func (t *Terminals) insert(ctx context.Context, tx *postgres.Tx, id, name string, hash []byte) error {
	q := edgedb.New()
	if err := q.InsertTerminal(ctx, tx, id, t.StoreID, name, hash); err != nil {
		return err
	}
	return q.InsertReceiptCounter(ctx, tx, id)
}

// replaceToken gives a terminal that is there another token, also one that was
// revoked, and ends its sessions; false: it is not there.
func (t *Terminals) replaceToken(ctx context.Context, tx *postgres.Tx, id string, hash []byte) (bool, error) {
	q := edgedb.New()
	n, err := q.RotateTerminalToken(ctx, tx, id, hash)
	if err != nil || n == 0 {
		return false, err
	}
	return true, q.EndSessionsOfTerminal(ctx, tx, id, t.now())
}

// Revoke takes a terminal's token away: its next call is refused
// (token_invalid). Its baskets and receipts are kept, and a basket is resumed at
// another terminal; Add with rotate or a pairing code that is made from then on
// brings it back. Codes that were made for it before are used up, also those of a
// terminal that is revoked already, which else stays so without an error. Faults:
// terminal_not_found (404).
func (t *Terminals) Revoke(ctx context.Context, id string) error {
	return t.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q, now := edgedb.New(), t.now()
		codes, err := q.UsePairingCodesOf(ctx, tx, id, now) // first: Pair locks the code before the terminal, too
		if err != nil {
			return err
		}
		n, err := q.RevokeTerminal(ctx, tx, id, &now)
		if err != nil {
			return err
		}
		if n == 0 {
			known, err := q.TerminalExists(ctx, tx, id)
			if err == nil && !known {
				return fault.New(fault.NotFound, "terminal_not_found", "there is no such terminal").At("id").
					Advise("store-edge terminal list shows which there are")
			}
			if err != nil || codes == 0 {
				return err
			}
		}
		if err := q.EndSessionsOfTerminal(ctx, tx, id, now); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, Action: audit.TerminalRevoked, Subject: id})
	})
}

// ByToken is the terminal that a bearer token belongs to; unauthorized (401) if
// it is nobody's or was revoked.
func (t *Terminals) ByToken(ctx context.Context, bearer string) (string, error) {
	if bearer == "" {
		return "", ErrNoToken
	}
	id, err := edgedb.New().TerminalByToken(ctx, t.DB, token.Hash(bearer))
	err = postgres.Fault(err)
	if fault.KindOf(err) == fault.NotFound {
		return "", ErrToken
	}
	return id, err
}

// The faults of a call without a token, and with one that is nobody's (401).
var (
	ErrNoToken = fault.New(fault.Unauthorized, "token_missing", "this call needs a terminal's token").
			Advise("send Authorization: Bearer <token>")
	ErrToken = fault.New(fault.Unauthorized, "token_invalid", "this token belongs to no terminal").Advise("pair the terminal again")
)

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
