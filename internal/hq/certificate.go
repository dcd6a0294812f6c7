package hq

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tiem/internal/fault"
)

// TryDays is how long a certificate for trying out is good, in days.
const TryDays = 365

// TryNames are the names and addresses that a certificate for trying out is for:
// this machine's own, and hosts.
func TryNames(hosts []string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range hosts {
		if !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	return names
}

// MakeTryCertificate makes an authority and a server's certificate for hosts (see
// TryNames) and writes dir/ca.pem, dir/cert.pem and
// dir/key.pem (0600). The authority's key is thrown away: it never vouches for
// anything else. Files that are there are kept (Conflict, certificate_exists).
func MakeTryCertificate(dir string, hosts []string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // ca.pem is for everybody
		return unwritable(err, dir)
	}
	authority, authorityKey, err := authority(now)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := templateOf("tiem HQ (for trying out)", now)
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range TryNames(hosts) {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, authorityKey)
	if err != nil {
		return fault.Wrap(err, fault.Usage, "host_invalid", "no certificate can be made for these hosts")
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(dir, []pemFile{
		{"key.pem", "PRIVATE KEY", secret, 0o600},
		{"cert.pem", "CERTIFICATE", cert, 0o644},
		{"ca.pem", "CERTIFICATE", authority.Raw, 0o644},
	})
}

func authority(now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	root := templateOf("tiem authority (for trying out)", now)
	root.IsCA, root.KeyUsage = true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(der)
	return made, key, err
}

func templateOf(name string, now time.Time) *x509.Certificate {
	const serialBytes = 16
	serial := make([]byte, serialBytes)
	_, _ = rand.Read(serial) // never fails
	return &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, TryDays)} // clocks differ by a little
}

type pemFile struct {
	name, kind string
	der        []byte
	mode       fs.FileMode
}

func writePEM(dir string, files []pemFile) error {
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if _, err := os.Lstat(path); err == nil {
			return fault.New(fault.Conflict, "certificate_exists", "%s is there already", path).Advise("remove it, or choose another --dir")
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
		if err != nil {
			return unwritable(err, path)
		}
		if err := errors.Join(pem.Encode(file, &pem.Block{Type: f.kind, Bytes: f.der}), file.Close()); err != nil {
			return unwritable(err, path)
		}
	}
	return nil
}

func unwritable(err error, path string) error {
	return fault.Wrap(err, fault.Config, "certificate_unwritable", "%s cannot be written", path)
}
