package door

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tiem/internal/fault"
)

var strict = json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(json.UnmarshalFromFunc(numberIntoAny)))

// decodeStrict is huma's Unmarshal. It is called twice: with *any for
// validation, then with the handler's struct.
func decodeStrict(data []byte, into any) error {
	if err := json.Unmarshal(data, into, strict); err != nil {
		return misread(err)
	}
	return nil
}

// numberIntoAny gives huma's validator the float64 that it expects of a number,
// ±Inf for one out of range: the struct's turn then refuses it with its name.
func numberIntoAny(dec *jsontext.Decoder, into *any) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported // not a number: the default
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*into, _ = strconv.ParseFloat(string(value), 64)
	return nil
}

// misreadMark begins the text of a misreading. huma keeps only an error's text,
// so a misreading travels in it. It holds a NUL, which no client can send.
const misreadMark = "\x00door:"

// misreading is why a value did not fit its field.
type misreading struct {
	Field   string     `json:"field"`
	Kind    fault.Kind `json:"kind"`
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Hint    string     `json:"hint"`
}

// Error is the mark and the misreading as JSON.
func (m misreading) Error() string {
	data, err := json.Marshal(m)
	if err != nil {
		return "the body does not fit"
	}
	return misreadMark + string(data)
}

// parseMisreading is the reverse of Error; false if text is of another error.
func parseMisreading(text string) (misreading, bool) {
	var m misreading
	data, ok := strings.CutPrefix(text, misreadMark)
	if !ok || json.Unmarshal([]byte(data), &m) != nil {
		return misreading{}, false
	}
	return m, true
}

// misread explains an error of json.Unmarshal without naming Go types. The
// fault of a type's own UnmarshalText keeps its code.
func misread(err error) misreading {
	m := misreading{Kind: fault.Invalid, Code: "validation_failed", Message: "the value does not fit"}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		m.Field = fieldOfPointer(semantic.JSONPointer)
		switch {
		case errors.Is(err, json.ErrUnknownName):
			m.Message = unknownName
		case semantic.JSONKind == '0' && isInteger(semantic.GoType):
			m.Message = "expected an integer in range, written without a fraction or an exponent"
		}
	}
	if f := fault.As(err); f != nil {
		m.Kind, m.Code, m.Message, m.Hint = f.Kind, f.Code, f.Message, f.Hint
		if m.Field == "" {
			m.Field = f.Field
		}
	}
	return m
}

func isInteger(t reflect.Type) bool {
	return t != nil && reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64
}

// fieldOfPointer turns /lines/0/quantity into lines[0].quantity.
func fieldOfPointer(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		token = tidyName(token)
		switch _, err := strconv.ParseUint(token, 10, 32); {
		case err == nil:
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

const maxName = 100

// tidyName makes a name that a client invented fit to be repeated in an answer
// and a log: not endless, and without control characters.
func tidyName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, name)
	if runes := []rune(clean); len(runes) > maxName {
		return string(runes[:maxName]) + "…"
	}
	return clean
}
