package fleet

import (
	"tiem/internal/fault"
	"tiem/internal/wire"
)

// MaySpeak refuses the store whose token was used to speak for, or ask about,
// another one (store_forbidden).
func MaySpeak(tokenOf, storeID string) error {
	if tokenOf == storeID {
		return nil
	}
	return fault.New(fault.Forbidden, wire.CodeStoreForbidden, "the token is not that of store %.16q", storeID).At("store_id").
		Advise("each store has a token of its own")
}
