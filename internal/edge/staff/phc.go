package staff

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what it costs to try one PIN (argon2id, RFC 9106).
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// StandardCost is the cost of new PINs: the memory that OWASP's password
// storage cheat sheet asks for at least. More would not make a PIN of a million
// possible ones hard to find for whoever has the hash; for everybody else it is
// the backoff that counts.
var StandardCost = Cost{MemoryKiB: 19 * 1024, Passes: 1, Lanes: 1}

// What a stored hash may ask for, so that a changed row cannot stop the edge.
const (
	mostMemoryKiB = 256 * 1024
	mostPasses    = 16
	mostLanes     = 8
	saltBytes     = 16
	keyBytes      = 32
)

// phc is a PIN's hash in PHC form:
//
//	$argon2id$v=19$m=19456,t=1,p=1$<salt>$<key>
//
// salt and key are base64 without padding. Its cost is in it, so the cost of new
// PINs may grow while old ones stay good.
type phc struct {
	cost      Cost
	salt, key []byte
}

const phcForm = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

// String is the form that is stored.
func (h phc) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(phcForm, argon2.Version, h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes) + b64(h.salt) + "$" + b64(h.key)
}

// errPHC does not repeat what was read.
var errPHC = errors.New("the stored PIN hash is not argon2id in PHC form, or costs too much")

// parsePHC reads what String writes, and nothing else.
func parsePHC(text string) (h phc, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return phc{}, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.cost.MemoryKiB, &h.cost.Passes, &h.cost.Lanes); err != nil {
		return phc{}, errPHC
	}
	strict := base64.RawStdEncoding.Strict()
	var badSalt, badKey error
	h.salt, badSalt = strict.DecodeString(parts[4])
	h.key, badKey = strict.DecodeString(parts[5])
	c := h.cost
	if badSalt != nil || badKey != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.key) != keyBytes ||
		c.Lanes < 1 || c.Lanes > mostLanes || c.Passes < 1 || c.Passes > mostPasses ||
		c.MemoryKiB < 8*uint32(c.Lanes) || c.MemoryKiB > mostMemoryKiB || h.String() != text {
		return phc{}, errPHC
	}
	return h, nil
}

// newPHC hashes a PIN with a fresh salt.
func newPHC(pin string, cost Cost) phc {
	h := phc{cost: cost, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt) // never fails: the runtime aborts instead
	h.key = h.derive(pin)
	return h
}

func (h phc) derive(pin string) []byte {
	return argon2.IDKey([]byte(pin), h.salt, h.cost.Passes, h.cost.MemoryKiB, h.cost.Lanes, keyBytes)
}

// isOf tells whether the hash is the PIN's, in the same time whatever differs.
func (h phc) isOf(pin string) bool { return subtle.ConstantTimeCompare(h.derive(pin), h.key) == 1 }
