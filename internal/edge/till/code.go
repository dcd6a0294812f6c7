package till

import (
	"crypto/rand"
	"strings"
)

// alphabet is Crockford's base 32: no I, L, O or U, which people misread or
// mistype.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength is 8 characters of 5 bits: more than can be guessed in ten minutes,
// at a few guesses a minute, and short enough to be said.
const codeLength = 8

// newCode is a random code, as people see it: XXXX-XXXX.
func newCode() string {
	var b [codeLength]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts instead
	for i := range b {
		b[i] = alphabet[b[i]%byte(len(alphabet))] // 256 is a multiple of 32: every character is as likely
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// readCode reads what somebody typed: in any case, with or without the dash and
// blanks, O as 0, I and L as 1; false if it cannot be a code. What it returns is
// the one form that is hashed.
func readCode(typed string) (string, bool) {
	if len(typed) > 4*codeLength {
		return "", false
	}
	var code strings.Builder
	for _, c := range strings.ToUpper(typed) {
		switch c {
		case '-', ' ':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if !strings.ContainsRune(alphabet, c) {
			return "", false
		}
		code.WriteRune(c)
	}
	return code.String(), code.Len() == codeLength
}
