package till

import (
	"context"
	"sync"

	"tiem/internal/token"
)

// Memory remembers which terminal a token belonged to when it was last looked
// up. It is a guess and no permission: the caller has to look the token up once
// more where it counts, in the transaction that changes something
// (idempotency.Request.Token). That saves a sale the round trip, and a token
// that was revoked or rotated a moment ago is refused all the same.
type Memory struct {
	Terminals *Terminals

	known sync.Map // token hash (string) → terminal id; tokens that nobody has never get in
}

// Remembered is a token's terminal and hash.
type Remembered struct {
	TerminalID string
	Hash       []byte // nil if the token was looked up just now, and need not be again
}

// ByToken is the terminal that the token belongs, or belonged, to; faults as
// Terminals.ByToken.
func (m *Memory) ByToken(ctx context.Context, bearer string) (Remembered, error) {
	hash := token.Hash(bearer)
	if id, ok := m.known.Load(string(hash)); ok {
		return Remembered{TerminalID: id.(string), Hash: hash}, nil //nolint:forcetypeassert // nothing else gets in
	}
	id, err := m.Terminals.ByToken(ctx, bearer)
	if err == nil {
		m.known.Store(string(hash), id)
	}
	return Remembered{TerminalID: id}, err
}

// Forget drops a token that turned out to be nobody's any more.
func (m *Memory) Forget(r Remembered) { m.known.Delete(string(r.Hash)) }
