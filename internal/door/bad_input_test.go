package door

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadJSON(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		name, body string
		status     int
		code       string
		field      any // nil: absent
	}{
		{"malformed", `{"amount":1,}`, 400, "json_malformed", nil},
		{"truncated", `{"amount":1`, 400, "json_malformed", nil},
		{"bare word", `hello`, 400, "json_malformed", nil},
		{"comment", `{"amount":1 /* one */}`, 400, "json_malformed", nil},
		{"leading zero", `{"amount":01}`, 400, "json_malformed", nil},
		{"NaN", `{"amount":NaN}`, 400, "json_malformed", "amount"},
		{"byte order mark", "\ufeff{\"amount\":1}", 400, "json_malformed", nil},
		{"blank", "  \n", 400, "body_required", nil},
		{"empty", "", 400, "body_required", nil},
		{"trailing value", `{"amount":1}{"amount":2}`, 400, "json_trailing_data", nil},
		{"trailing garbage", `{"amount":1} x`, 400, "json_trailing_data", nil},
		{"duplicate name", `{"amount":1,"amount":2}`, 400, "json_duplicate_key", "amount"},
		{"duplicate name below", `{"amount":1,"lines":[{"barcode":"1","barcode":"2"}]}`, 400, "json_duplicate_key", "lines[0].barcode"},
		{"duplicate name by escape", `{"amount":1,"\u0061mount":2}`, 400, "json_duplicate_key", "amount"},
		{"bad UTF-8", "{\"amount\":1,\"note\":\"\xff\"}", 400, "json_invalid_utf8", nil},
		{"lone surrogate", `{"amount":1,"note":"\ud800"}`, 400, "json_malformed", "note"},
		{"raw NUL", "{\"amount\":1,\"note\":\"\x00\"}", 400, "json_malformed", "note"},
		{"escaped NUL", `{"amount":1,"note":"a\u0000b"}`, 400, "json_nul", "note"},
		{"escaped NUL in a name", `{"amount":1,"no\u0000te":"a"}`, 400, "json_nul", "no\ufffdte"},
		{"too deep", strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), 400, "json_too_deep", nil},
		{"endless depth", strings.Repeat(`{"a":`, 50_000), 400, "json_too_deep", nil},

		{"unknown name", `{"amount":1,"amuont":2}`, 422, "validation_failed", "amuont"},
		{"unknown name below", `{"amount":1,"lines":[{"barcode":"1","x":2}]}`, 422, "validation_failed", "lines[0].x"},
		{"endless unknown name", `{"amount":1,"` + strings.Repeat("x", 5000) + `":2}`, 422, "validation_failed", strings.Repeat("x", 100) + "…"},
		{"wrong case", `{"Amount":1}`, 422, "validation_failed", "Amount"},
		{"missing", `{}`, 422, "validation_failed", "amount"},
		{"missing below", `{"amount":1,"lines":[{}]}`, 422, "validation_failed", "lines[0].barcode"},
		{"null", `null`, 422, "validation_failed", nil},
		{"array", `[1]`, 422, "validation_failed", nil},
		{"null amount", `{"amount":null}`, 422, "validation_failed", "amount"},
		{"text amount", `{"amount":"1"}`, 422, "validation_failed", "amount"},
		{"negative", `{"amount":-1}`, 422, "validation_failed", "amount"},
		{"fraction", `{"amount":1.5}`, 422, "validation_failed", "amount"},
		{"tiny fraction", `{"amount":1.00000000000000000001}`, 422, "validation_failed", "amount"},
		{"whole with a point", `{"amount":1.0}`, 422, "validation_failed", "amount"},
		{"exponent", `{"amount":1e3}`, 422, "validation_failed", "amount"},
		{"overflow", `{"amount":9223372036854775808}`, 422, "validation_failed", "amount"},
		{"beyond any float", `{"amount":1e400}`, 422, "validation_failed", "amount"},
		{"unknown choice", `{"amount":1,"method":"cash"}`, 422, "validation_failed", "method"},
		{"too long", `{"amount":1,"note":"` + strings.Repeat("x", 21) + `"}`, 422, "validation_failed", "note"},
		{"too many", `{"amount":1,"lines":[{},{},{},{}]}`, 422, "validation_failed", "lines"},
		{"a type's own fault", `{"amount":1,"lines":[{"barcode":"1","quantity":"1,5"}]}`, 422, "quantity_invalid", "lines[0].quantity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := f.do(t, http.MethodPost, "/v1/sales", c.body)
			p := a.problem(t, c.status, c.code)
			require.Equal(t, c.field, p["field"], a.text)
			if c.status == 422 {
				require.NotEmpty(t, p["errors"])
			}
			require.NotContains(t, a.text, "Go ")
			require.NotContains(t, a.text, misreadMark[1:])
			require.Equal(t, "INFO", f.log.last(t)["level"])
		})
	}
}

func TestGoodJSON(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ name, body, want string }{
		{"largest exact integer of a float, plus one", `{"amount":9007199254740993}`, `{"amount":9007199254740993,"note":"","lines":[]}`},
		{"largest int64", `{"amount":9223372036854775807}`, `{"amount":9223372036854775807,"note":"","lines":[]}`},
		{"no HTML escapes", `{"amount":0,"note":"<Tiệm> & \u0041"}`, `{"amount":0,"note":"<Tiệm> & A","lines":[]}`},
		{"an escaped backslash is no NUL", `{"amount":0,"note":"\\u0000"}`, `{"amount":0,"note":"\\u0000","lines":[]}`},
		{"quantity", `{"amount":0,"lines":[{"barcode":"1","quantity":"0.355"}]}`, `{"amount":0,"note":"","lines":[{"barcode":"1","quantity":"0.355"}]}`},
		{"blanks around", " \n{\"amount\": 1}\r\n\t ", `{"amount":1,"note":"","lines":[]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := f.do(t, http.MethodPost, "/v1/sales", c.body)
			require.Equal(t, 200, a.StatusCode, a.text)
			require.Equal(t, "application/json", a.Header.Get("Content-Type"))
			require.Equal(t, c.want, a.text)
		})
	}
}

func TestIntegersAreExplained(t *testing.T) {
	f := newFixture(t)
	for _, number := range []string{"1.0", "1e3", "9223372036854775808", "-9223372036854775809", "1e400"} {
		p := f.do(t, http.MethodPost, "/v1/sales", `{"amount":`+number+`}`).problem(t, 422, "validation_failed")
		if !strings.HasPrefix(number, "-") {
			require.Equal(t, "amount: expected an integer in range, written without a fraction or an exponent", p["detail"])
		}
	}
}

func TestAllFindingsAreListedAndNoValueIsRepeated(t *testing.T) {
	f := newFixture(t)
	a := f.do(t, http.MethodPost, "/v1/sales", `{"zeta":"s3cret","Amount":1,"alpha":2,"note":"`+strings.Repeat("p1n", 9)+`"}`)
	p := a.problem(t, 422, "validation_failed")
	require.Equal(t, []any{
		map[string]any{"field": "Amount", "message": unknownName},
		map[string]any{"field": "alpha", "message": unknownName},
		map[string]any{"field": "zeta", "message": unknownName},
		map[string]any{"field": "amount", "message": missing},
		map[string]any{"field": "note", "message": "expected length <= 20"},
	}, p["errors"])
	require.Equal(t, "Amount: this name is not known here", p["detail"])
	require.Equal(t, "names are case-sensitive: it is amount", p["hint"])
	require.NotContains(t, a.text, "s3cret")
	require.NotContains(t, a.text, "p1np1n")
}

func TestMediaType(t *testing.T) {
	f := newFixture(t)
	for header, ok := range map[string]bool{
		"": true, "application/json": true, "Application/JSON; Charset=UTF-8": true, "application/merge-patch+json": true,
		"text/plain": false, "application/json; charset=latin1": false, "application/x-www-form-urlencoded": false,
		"text/json": false, "application/xml": false, "application/jsonp": false, "a/b/c": false, "multipart/form-data": false,
	} {
		t.Run(header, func(t *testing.T) {
			a := f.do(t, http.MethodPost, "/v1/sales", `{"amount":1}`, "Content-Type", header)
			if ok {
				require.Equal(t, 200, a.StatusCode, a.text)
				return
			}
			require.Equal(t, "Content-Type", a.problem(t, 415, "unsupported_media_type")["field"])
		})
	}
}

func TestParametersAndAddresses(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		name, method, target string
		status               int
		code                 string
		field                any
	}{
		{"letters for a number", "GET", "/v1/sales?limit=x", 422, "validation_failed", "limit"},
		{"below the minimum", "GET", "/v1/sales?limit=-1", 422, "validation_failed", "limit"},
		{"NUL in the query", "GET", "/v1/sales?q=%00", 400, "url_invalid", nil},
		{"bad UTF-8 in the query", "GET", "/v1/sales?q=%ff", 400, "url_invalid", nil},
		{"bad escape in the query", "GET", "/v1/sales?q=%zz", 400, "url_invalid", nil},
		{"NUL in the path", "POST", "/v1/sales/%00/finalize", 400, "url_invalid", nil},
		{"unknown address", "GET", "/v1/nothing", 404, "not_found", nil},
		{"unknown method", "BREW", "/v1/sales", 405, "method_not_allowed", nil},
		{"other method", "DELETE", "/v1/sales", 405, "method_not_allowed", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := f.do(t, c.method, c.target, "")
			require.Equal(t, c.field, a.problem(t, c.status, c.code)["field"])
			if c.status == http.StatusMethodNotAllowed {
				require.Equal(t, "GET, HEAD, POST", a.Header.Get("Allow"))
			}
			if c.status == http.StatusNotFound || c.status == http.StatusMethodNotAllowed {
				require.Equal(t, unmatchedRoute, f.log.last(t)["route"])
			}
		})
	}
}

// An operation without a body is not asked for one, and what is sent anyway has
// to be readable.
func TestBodyOfAnOperationThatTakesNone(t *testing.T) {
	f := newFixture(t)
	require.Equal(t, 200, f.do(t, http.MethodPost, "/v1/sales/1/finalize", "").StatusCode)
	require.Equal(t, 200, f.do(t, http.MethodPost, "/v1/sales/1/finalize", "{}").StatusCode)
	f.do(t, http.MethodPost, "/v1/sales/1/finalize", "{").problem(t, 400, "json_malformed")
	f.do(t, http.MethodPost, "/v1/sales/1/finalize", "{}", "Content-Type", "text/plain").problem(t, 415, "unsupported_media_type")
}

func TestAuthenticationComesBeforeTheBody(t *testing.T) {
	f := newFixture(t)
	a := f.do(t, http.MethodPost, "/v1/sales", "{", "Authorization", "Bearer wrong")
	a.problem(t, 401, "token_invalid")
	require.Equal(t, "Bearer", a.Header.Get("WWW-Authenticate"))
}
