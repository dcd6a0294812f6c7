package till

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/time/rate"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
)

// CodeLife is how long a pairing code is good.
const CodeLife = 10 * time.Minute

// NewGuesses is how often a process lets anybody try a wrong pairing code: ten
// times, and then once every six seconds.
func NewGuesses() *rate.Limiter { return rate.NewLimiter(rate.Every(6*time.Second), 10) }

// Pairing is a wish to let a terminal in.
type Pairing struct {
	TerminalID string // a new one, or one that is there
	Name       string // of a new one; empty: its id
	AtTerminal string // where the code is made; empty: the command line
	CashierID  string // who makes it; empty: the command line
}

// Code is a pairing code; Text is shown once.
type Code struct {
	Text      string
	ExpiresAt time.Time
}

// MakeCode makes a code for a terminal. It changes nothing about the terminal
// until it is used. Faults: terminal_id_invalid, name_invalid,
// looks_like_card_number (422).
func (t *Terminals) MakeCode(ctx context.Context, p Pairing) (Code, error) {
	p.Name = cmp.Or(p.Name, p.TerminalID)
	if err := check(p.TerminalID, p.Name); err != nil {
		return Code{}, err
	}
	text := newCode()
	hash, now := hashOf(text), t.now()
	code := Code{Text: text, ExpiresAt: now.Add(CodeLife)}
	err := t.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		err := edgedb.New().InsertPairingCode(ctx, tx.Queued(), edgedb.InsertPairingCodeParams{CodeHash: hash, TerminalID: p.TerminalID, Name: p.Name,
			MadeBy: p.CashierID, MadeAt: now, ExpiresAt: code.ExpiresAt})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: p.AtTerminal, CashierID: p.CashierID, Action: audit.PairingCodeMade, Subject: p.TerminalID})
	})
	if err != nil {
		return Code{}, err
	}
	return code, nil
}

// hashOf is the hash of a code, as it is stored; nil if it cannot be one.
func hashOf(typed string) []byte {
	code, ok := readCode(typed)
	if !ok {
		return nil
	}
	return token.Hash(code)
}

// Paired is a terminal that was let in; Token is shown once.
type Paired struct {
	TerminalID string
	Token      string
}

// Pair uses a code up. A terminal that is there already gets another token: its
// old one, and its sessions, are worth nothing from then on. Faults:
// pairing_code_invalid (401) if the code is wrong, was used or has expired, or
// its maker was disabled since: which of them is nobody's business, and the audit
// log says that there was one; too_many_attempts (429).
func (t *Terminals) Pair(ctx context.Context, typed string) (Paired, error) {
	if err := t.allowGuess(); err != nil {
		return Paired{}, err
	}
	invalid := fault.New(fault.Unauthorized, "pairing_code_invalid", "this pairing code is not good").At("code").
		Advise("a code is good for ten minutes and once: a manager makes another one")
	hash := hashOf(typed)
	if hash == nil {
		return Paired{}, t.refuse(ctx, invalid)
	}
	text, tokenHash := token.New()
	paired := Paired{Token: text}
	err := t.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		now := t.now()
		code, err := edgedb.New().UsePairingCode(ctx, tx, hash, &now, now.Add(staff.ClockSlack))
		if errors.Is(err, pgx.ErrNoRows) {
			return invalid
		}
		if err != nil {
			return err
		}
		paired.TerminalID = code.TerminalID
		known, err := t.replaceToken(ctx, tx, code.TerminalID, tokenHash)
		if err == nil && !known {
			err = t.insert(ctx, tx, code.TerminalID, code.Name, tokenHash)
		}
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: code.TerminalID, Action: audit.TerminalPaired, Subject: code.TerminalID,
			Detail: map[string]any{"new": !known}})
	})
	if errors.Is(err, invalid) {
		return Paired{}, t.refuse(ctx, invalid)
	}
	if err != nil {
		return Paired{}, err
	}
	return paired, nil
}

// refuse counts and writes down that a code was not good, and returns why. How
// often it can be made to write, Guesses decides.
func (t *Terminals) refuse(ctx context.Context, why error) error {
	if t.Guesses != nil {
		t.Guesses.Allow()
	}
	if err := audit.WriteAlone(ctx, t.DB, audit.Entry{At: t.now(), Action: audit.PairingFailed}); err != nil {
		return err
	}
	return why
}

// allowGuess refuses while too many codes were wrong. Only wrong ones count
// (refuse): a chain that opens a shop pairs all its tills within a minute.
func (t *Terminals) allowGuess() error {
	if t.Guesses == nil || t.Guesses.Tokens() >= 1 {
		return nil
	}
	return fault.New(fault.Throttled, "too_many_attempts", "too many pairing codes were tried").Advise("wait a little, then try again").
		With("retry_after_seconds", int64(6))
}
