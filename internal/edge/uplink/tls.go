package uplink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"

	"tiem/internal/fault"
)

// ReadTrust reads SYNC_CA, a PEM file of the authorities that may vouch for HQ,
// for HTTPLink.Trust and NewGRPCWay. An empty path is nil: the system's. A file
// that cannot be used is a fault of kind Config.
func ReadTrust(path string) (*tls.Config, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // the system's authorities are no setting of ours
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "authorities_unreadable", "cannot be read").At("SYNC_CA").
			Advise("it is the path of a PEM file, such as the ca.pem that HQ's certificate was made with")
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Config, "authorities_unreadable", "holds no certificate").At("SYNC_CA").
			Advise("it is a PEM file with -----BEGIN CERTIFICATE-----")
	}
	return &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}, nil
}

// unreachable is the fault of a connection that could not be made or that broke.
// setting names the address at fault in the hint, if the fault lies there.
func unreachable(cause error, setting, what string) *fault.Error {
	e := fault.Wrap(cause, fault.Unavailable, "hq_unreachable", "%s", what)
	if distrusted(cause) {
		e.Hint = "HQ's certificate is not trusted, or is not for this name: SYNC_CA is the file of the authority that vouches for it"
	}
	var plain tls.RecordHeaderError
	if errors.As(cause, &plain) || errors.Is(cause, http.ErrSchemeMismatch) {
		e.Hint = "whoever answers there speaks no TLS: has HQ a certificate (HQ_TLS_CERT), and is " + setting + " right?"
	}
	return e
}

// distrusted tells whether the peer's certificate was refused here.
func distrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}
