package door

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"tiem/internal/fault"
)

// MaxDepth is how many objects and arrays may be nested in a body.
const MaxDepth = 32

// checkJSON refuses bytes that are not exactly one JSON value (RFC 8259) with
// unique names (RFC 7493), of UTF-8 text that PostgreSQL can store (no NUL), at
// most MaxDepth deep. All of its faults are of kind Malformed.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return fault.New(fault.Malformed, "json_invalid_utf8", "the body is not valid UTF-8")
	}
	mayHoldNUL := bytes.Contains(data, []byte(`\u0000`))
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	values := 0
	for {
		token, err := dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF) && values == 0:
			return bodyRequired()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return jsonFault(err, values)
		case values > 0:
			return trailingData()
		case dec.StackDepth() > MaxDepth:
			return fault.New(fault.Malformed, "json_too_deep", "the body is nested deeper than %d levels", MaxDepth)
		case mayHoldNUL && token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			return fault.New(fault.Malformed, "json_nul", "a text holds the character NUL").
				At(fieldOfPointer(dec.StackPointer()))
		}
		if dec.StackDepth() == 0 {
			values++
		}
	}
}

// jsonFault explains an error of the JSON decoder by position; its own text
// would name Go packages.
func jsonFault(err error, values int) error {
	if values > 0 {
		return trailingData()
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return fault.Wrap(err, fault.Malformed, "json_malformed", "the body is not valid JSON")
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		field := fieldOfPointer(syntax.JSONPointer)
		return fault.New(fault.Malformed, "json_duplicate_key", "the name %q is given twice", field).At(field)
	}
	return fault.Wrap(err, fault.Malformed, "json_malformed", "the body is not valid JSON at byte %d", syntax.ByteOffset).
		At(fieldOfPointer(syntax.JSONPointer))
}

func trailingData() error {
	return fault.New(fault.Malformed, "json_trailing_data", "something follows the JSON value in the body")
}

func bodyRequired() error {
	return fault.New(fault.Malformed, "body_required", "a JSON body is required")
}
