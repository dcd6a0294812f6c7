package door

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"tiem/internal/fault"
)

const (
	unknownName = "this name is not known here"
	missing     = "a value is required"
	maxFindings = 50
)

// humaProblem makes a problem of huma's own errors. A fault among errs (of the
// body's reading, a Resolver or a type) speaks for itself.
func humaProblem(status int, message string, errs []error) *problem {
	for _, err := range errs {
		if f := fault.As(err); f != nil {
			return newProblem(Status(f.Kind), f)
		}
	}
	switch {
	case status == http.StatusBadRequest && len(errs) == 0 && message == "request body is required":
		return newProblem(status, fault.As(bodyRequired()))
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		return validationProblem(status, message, errs)
	case status >= http.StatusInternalServerError:
		f := internal(errors.Join(errs...))
		if status == http.StatusServiceUnavailable {
			f = fault.Wrap(f.Err, fault.Unavailable, codeOf(status), "%s", message)
		}
		return newProblem(status, f)
	}
	return newProblem(status, fault.New(fault.Invalid, codeOf(status), "%s", cmp.Or(message, http.StatusText(status))))
}

// validationProblem reports all findings and puts the first into the problem
// itself. An unknown name comes before a missing one: it is the cause, a
// misspelt name being both.
func validationProblem(status int, message string, errs []error) *problem {
	f := fault.New(fault.Invalid, codeOf(status), "%s", message)
	var findings []finding
	for _, err := range errs {
		found, m := findingOf(err)
		if m.Code != "" && m.Code != f.Code && len(errs) == 1 {
			f.Kind, f.Code, f.Hint = m.Kind, m.Code, m.Hint
			status = Status(m.Kind)
		}
		findings = append(findings, found)
	}
	slices.SortStableFunc(findings, func(a, b finding) int {
		if c := cmp.Compare(rank(a), rank(b)); c != 0 || a.Message != unknownName {
			return c
		}
		return cmp.Compare(a.Field, b.Field) // huma finds them in the order of a Go map
	})
	if len(findings) == 0 {
		return newProblem(status, f)
	}
	first := findings[0]
	f.Field, f.Message = first.Field, first.Message
	if first.Field != "" && f.Code == "validation_failed" {
		f.Message = first.Field + ": " + first.Message
	}
	if first.Message == unknownName {
		f.Hint = nearName(first, findings)
	}
	p := newProblem(status, f)
	p.Errors = findings[:min(len(findings), maxFindings)]
	return p
}

func rank(f finding) int {
	if f.Message == unknownName {
		return 0
	}
	return 1
}

// nearName tells somebody who sent "Amount" that "amount" is missing.
func nearName(unknown finding, findings []finding) string {
	for _, f := range findings {
		if f.Message == missing && strings.EqualFold(f.Field, unknown.Field) {
			return "names are case-sensitive: it is " + f.Field
		}
	}
	return "names are case-sensitive; /docs lists them"
}

// findingOf translates one of huma's error details. The value is left out: it
// may be a PIN, or the whole body.
func findingOf(err error) (finding, misreading) {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return finding{Message: err.Error()}, misreading{}
	}
	if m, ok := parseMisreading(detail.Message); ok {
		return finding{Field: m.Field, Message: m.Message}, m
	}
	field := tidyName(fieldOfLocation(detail.Location))
	if name, ok := between(detail.Message, validation.MsgExpectedRequiredProperty); ok {
		if field != "" {
			name = field + "." + name
		}
		return finding{Field: name, Message: missing}, misreading{}
	}
	if detail.Message == validation.MsgUnexpectedProperty {
		return finding{Field: field, Message: unknownName}, misreading{}
	}
	return finding{Field: field, Message: detail.Message}, misreading{}
}

// fieldOfLocation turns body.lines[0].quantity, query.limit and path.id into
// what a client calls them: lines[0].quantity, limit, id.
func fieldOfLocation(location string) string {
	first, rest, _ := strings.Cut(location, ".")
	switch first {
	case "body", "path", "query", "header", "cookie", "form":
		return rest
	}
	if index, ok := strings.CutPrefix(location, "body["); ok {
		return "[" + index
	}
	return location
}

// between is what stands for the %s of format in text.
func between(text, format string) (string, bool) {
	before, after, _ := strings.Cut(format, "%s")
	rest, hasBefore := strings.CutPrefix(text, before)
	name, hasAfter := strings.CutSuffix(rest, after)
	return name, hasBefore && hasAfter
}
