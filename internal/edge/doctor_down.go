package edge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"tiem/internal/doctor"
	"tiem/internal/fault"
)

const (
	isItHQ    = "is HQ_URL the address of an hq-platform?"
	goesOn    = "the shop goes on selling, and the outbox keeps what HQ misses"
	lookAtURL = "is HQ_URL right, its name, its port and http or https? The shop goes on selling, and nothing is sent"
)

// refused tells why HQ gave no watermark: nobody there, HQ's own refusal, or
// something that is no HQ.
func (e *examination) refused(name string, err error) {
	f := fault.As(err)
	url := doctor.Redact(e.cfg.HQURL)
	switch {
	case f == nil:
		e.Error(name, err)
	case f.Code == "hq_unreachable":
		why, wrong := unreachable(err)
		if wrong {
			e.Fail(name, lookAtURL, "%s cannot be HQ: %s", url, why)
			return
		}
		e.Warn(name, "look at the line and at HQ; "+goesOn, "%s does not answer: %s", url, why)
	case f.Kind == fault.Unauthorized, f.Kind == fault.Forbidden:
		e.Fail(name, "give the edge the store's present token as STORE_TOKEN; hq-platform store add --rotate issues a new one",
			"HQ answers and refuses the token: %s", f.Message)
	case f.Kind == fault.Unavailable, f.Kind == fault.Timeout:
		advice := "look at HQ (hq-platform doctor)"
		if f.Hint != "" {
			advice = f.Hint
		}
		e.Warn(name, advice+"; "+goesOn, "%s answers, but not with this store's watermark: %s", url, f.Message)
	case f.Kind == fault.NotFound && f.Hint == "":
		e.Fail(name, isItHQ, "%s has no log of this store: %s", url, f.Message)
	default:
		e.Error(name, err)
	}
}

// unreachable is the cause of an exchange without an answer, in words. wrong: it
// is the setting, and waiting will not help.
func unreachable(err error) (why string, wrong bool) {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		invalid     x509.CertificateInvalidError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		timeout     net.Error
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no such host: %s", dns.Name), true
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s cannot be looked up now: %s", dns.Name, dns.Err), false
	case errors.As(err, &certificate):
		return fmt.Sprintf("its certificate is not trusted: %v", certificate.Err), true
	case errors.As(err, &invalid):
		return fmt.Sprintf("its certificate is not trusted: %v", invalid), true
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "it does not speak TLS, and HQ_URL says https", true
	case errors.As(err, &alert):
		return fmt.Sprintf("TLS: %v", alert), true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused: nothing listens there", false
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way to it from this machine", false
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer within SYNC_TIMEOUT", false
	}
	return innermost(err), false
}

// innermost is what went wrong without the request around it, whose URL may hold
// a secret.
func innermost(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err.Error()
	}
	if f := fault.As(err); f != nil && f.Err != nil {
		return f.Err.Error()
	}
	return err.Error()
}
