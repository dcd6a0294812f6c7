package doctor

import (
	"net/url"
	"strings"
)

// Redact is a URL without the secrets in it, for people.
func Redact(text string) string {
	if text == "" {
		return "none"
	}
	u, err := url.Parse(text)
	if err != nil {
		return "unreadable"
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "pass") || strings.Contains(strings.ToLower(name), "token") {
			query.Set(name, "xxxxx")
		}
	}
	u.RawQuery = query.Encode()
	return u.Redacted()
}
