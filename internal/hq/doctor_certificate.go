package hq

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"strings"
	"time"

	"tiem/internal/doctor"
	"tiem/internal/door"
)

// renewWithin is how long before its end a certificate is worth a warning: an
// authority that renews by itself does it about then.
const renewWithin = 30 * 24 * time.Hour

// certificate says what serve would say of the certificate, and what the stores
// will: for which names it is, and until when.
func certificate(r *doctor.Report, cfg Config, now time.Time) {
	const name, renew = "certificate", "renew it: HQ takes up the new files without a restart (docs/operations.md, TLS)"
	if cfg.TLSCert == "" {
		r.OK(name, "none: HQ speaks plaintext, which it does on this machine only")
		return
	}
	if _, err := door.LoadCertificate(cfg.TLSCert, cfg.TLSKey, slog.New(slog.DiscardHandler)); err != nil {
		r.Error(name, at(err, "HQ_TLS_CERT"))
		return
	}
	pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil { // it was there a moment ago
		r.Error(name, err)
		return
	}
	const day = "2006-01-02 15:04 MST"
	from, until, names := pair.Leaf.NotBefore.Format(day), pair.Leaf.NotAfter.Format(day), strings.Join(namesOf(pair.Leaf), ", ")
	switch left := pair.Leaf.NotAfter.Sub(now); {
	case left <= 0:
		r.Fail(name, renew, "for %s; it ended on %s: no store trusts it", names, until)
	case now.Before(pair.Leaf.NotBefore):
		r.Fail(name, "is this machine's clock right? Else take the certificate before it", "for %s; it begins on %s: no store trusts it before", names, from)
	case names == "":
		r.Fail(name, "get one for the host in the stores' HQ_URL and HQ_GRPC_TARGET", "%s is for no name: no store trusts it", cfg.TLSCert)
	case left < renewWithin:
		r.Warn(name, renew, "for %s; it ends in %s, on %s", names, doctor.Age(left), until)
	default:
		r.OK(name, "for %s, until %s", names, until)
	}
}

// namesOf are the hosts and addresses that a certificate is for.
func namesOf(leaf *x509.Certificate) []string {
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
