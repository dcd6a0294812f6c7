package door

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzStrictJSON holds the door's decoder against a second reading of the same
// bytes, by encoding/json: what gets in is one value of valid UTF-8 without NUL
// and without a name given twice, what is sound is not refused, and a value
// that was read is read again from its own encoding.
func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{
		`{"amount":1}`, `{"amount":1e400}`, `[0.1,-1.5e-7]`, `{"amount":-1e400,"b":[1e-400]}`, `{"a":1,"a":2}`, `{"a":{"b":1,"\u0062":2}}`, `{"a":"\u0000"}`,
		`{"\u0000":1}`, `"\ud800"`, `"\ud83d\ude00"`, "\"\xff\"", "{}{}", " [] \n", "", "[1,]", "nul", "-0", "01", "1.0", "1e3", "9223372036854775808",
		`{"amount":9007199254740993,"note":"Nước","lines":[{"barcode":"08934841900286","quantity":"0.355"}]}`, `{"Amount":1}`, `{"amount":1,"extra":1}`,
		`{"amount":1,"lines":[{"barcode":"x","quantity":"1."}]}`, `{"amount":1,"lines":null,"note":null}`, "\"\u2028<&>\"",
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := checkJSON(body)
		if sound := soundJSON(body); (err == nil) != (sound == nil) && !halfSurrogate(body) {
			t.Fatalf("%q: the door says %v, a second reader %v", body, err, sound)
		}
		if err != nil {
			return
		}
		var value, again any
		require.NoError(t, decodeStrict(body, &value), "%q", body)
		if !infinite(value) {
			var plain any // encoding/json has no opinion on what is strict, but it knows what a value is
			require.NoError(t, json.Unmarshal(body, &plain))
			require.True(t, reflect.DeepEqual(plain, value), "%q became %v", body, value)
			encoded, err := encode(value)
			require.NoError(t, err, "%q", body)
			require.NoError(t, checkJSON(encoded))
			require.NoError(t, decodeStrict(encoded, &again))
			require.True(t, reflect.DeepEqual(value, again), "%q became %q", body, encoded)
		}
		var in, back sampleBody
		if decodeStrict(body, &in) != nil {
			return
		}
		encoded, err := encode(in)
		require.NoError(t, err)
		require.NoError(t, decodeStrict(encoded, &back), "%q became %q", body, encoded)
		require.Equal(t, tidy(in), tidy(back), "%q became %q", body, encoded)
	})
}

// tidy is a body in which nothing and an empty list are the same.
func tidy(b sampleBody) sampleBody {
	if len(b.Lines) == 0 {
		b.Lines = nil
	}
	return b
}

// soundJSON is the door's rule for the bytes of a body, said again with another
// library: nil if they may get in.
func soundJSON(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := soundValue(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows: %w", err)
	}
	if !json.Valid(body) { // the token reader is lenient about commas
		return errors.New("malformed")
	}
	return nil
}

func soundValue(dec *json.Decoder, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case string:
		return soundText(token)
	case json.Delim:
		if depth++; depth > MaxDepth {
			return errors.New("too deep")
		}
		names := map[string]bool{}
		for dec.More() {
			if token == '{' {
				name, err := dec.Token()
				if err != nil {
					return err
				}
				text, is := name.(string)
				if !is || names[text] || soundText(text) != nil {
					return fmt.Errorf("the name %v", name)
				}
				names[text] = true
			}
			if err := soundValue(dec, depth); err != nil {
				return err
			}
		}
		_, err := dec.Token()
		return err
	}
	return nil
}

func soundText(text string) error {
	if strings.ContainsRune(text, 0) {
		return errors.New("NUL")
	}
	return nil
}

// halfSurrogate says that the second reader cannot judge: it makes � of an
// escaped half of a surrogate pair, which the door refuses.
func halfSurrogate(body []byte) bool { return bytes.Contains(bytes.ToLower(body), []byte(`\ud`)) }

// infinite says that a number is out of a float64's range: it has no encoding.
func infinite(value any) bool {
	switch value := value.(type) {
	case float64:
		return math.IsInf(value, 0)
	case []any:
		return slices.ContainsFunc(value, infinite)
	case map[string]any:
		for _, v := range value {
			if infinite(v) {
				return true
			}
		}
	}
	return false
}
