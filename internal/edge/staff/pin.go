package staff

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"tiem/internal/fault"
)

// The length of a PIN, in digits; one that we make has six.
const (
	shortestPIN = 4
	longestPIN  = 8
)

// CheckPIN refuses what is no PIN, and what is guessed first: 4 to 8 digits, not
// all the same, and not a run such as 1234, 8765 or 7890. The fault does not
// repeat it.
func CheckPIN(pin string) error {
	refused := fault.New(fault.Invalid, "pin_invalid", "a PIN is 4 to 8 digits, not all the same, and not in a row").At("pin")
	if len(pin) < shortestPIN || len(pin) > longestPIN {
		return refused
	}
	for _, c := range []byte(pin) {
		if c < '0' || c > '9' {
			return refused
		}
	}
	for _, step := range []byte{0, 1, 9} { // modulo 10: the same, up, down
		if inSteps(pin, step) {
			return refused
		}
	}
	return nil
}

// inSteps tells whether each digit is the one before plus step, modulo 10.
func inSteps(pin string, step byte) bool {
	for i := 1; i < len(pin); i++ {
		if (pin[i-1]-'0'+step)%10 != pin[i]-'0' {
			return false
		}
	}
	return true
}

// NewPIN is a random PIN of six digits.
func NewPIN() (string, error) {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			return "", fault.Wrap(err, fault.Internal, "no_randomness", "no PIN could be made")
		}
		if pin := fmt.Sprintf("%06d", n); CheckPIN(pin) == nil {
			return pin, nil
		}
	}
}
