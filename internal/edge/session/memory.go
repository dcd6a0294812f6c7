package session

import (
	"context"
	"sync"
)

// Memory remembers whom a terminal's token and a session's belonged to together
// when they were last looked up. It is a guess and no permission: the caller has
// to look both up once more where it counts, in the transaction that changes
// something (Caller.Unproven, Holds). That saves a sale the round trip, and
// whoever was revoked, signed out or disabled a moment ago is refused all the
// same. What it holds is some hundred bytes for each session that a sale was
// finalized in since the start; nothing drops them, because a shop has a few
// sessions a day.
type Memory struct {
	Sessions *Sessions

	known sync.Map // both hashes (string) → Caller; tokens that nobody has never get in
}

// Find is Sessions.Find, or what it found before.
func (m *Memory) Find(ctx context.Context, bearer, sessionToken string) (Caller, error) {
	hashes, err := hash(bearer, sessionToken)
	if err != nil {
		return Caller{}, err
	}
	if known, ok := m.known.Load(hashes.key()); ok {
		caller, _ := known.(Caller) // nothing else gets in
		caller.guess = true
		return caller, nil
	}
	caller, err := m.Sessions.Find(ctx, bearer, sessionToken)
	if err == nil {
		m.known.Store(hashes.key(), caller)
	}
	return caller, err
}

func (h Hashes) key() string { return string(h.Terminal) + string(h.Session) }
