package hq_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/doctor"
	"tiem/internal/fault"
	"tiem/internal/hq"
)

// certified is a configuration with a certificate for trying out that was made so
// long ago.
func certified(t *testing.T, cfg hq.Config, ago time.Duration) hq.Config {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tls")
	require.NoError(t, hq.MakeTryCertificate(dir, []string{"hq.example"}, time.Now().Add(-ago)))
	cfg.TLSCert, cfg.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	return cfg
}

func TestDoctorOnTheCertificate(t *testing.T) {
	t.Parallel()
	const name, day = "certificate", 24 * time.Hour
	plain := config(t)
	requireFound(t, examined(t, plain)[name], doctor.OK, "none")

	for ago, c := range map[time.Duration]struct {
		status doctor.Status
		found  string
	}{
		0:                               {doctor.OK, "localhost, hq.example, 127.0.0.1, ::1, until "},
		(hq.TryDays - 31) * day:         {doctor.OK, "hq.example"},
		(hq.TryDays-29)*day - time.Hour: {doctor.Warn, "ends in 29 days, on "},
		(hq.TryDays+1)*day + time.Hour:  {doctor.Fail, "ended on "},
		-2 * day:                        {doctor.Fail, "begins on "},
	} {
		requireFound(t, examined(t, certified(t, plain, ago))[name], c.status, c.found)
	}
	require.Contains(t, examined(t, certified(t, plain, 0))[name].Found, "until "+time.Now().UTC().AddDate(0, 0, hq.TryDays).Format("2006-01-02"))
}

// The doctor says what serve would say, word for word.
func TestDoctorOnACertificateThatServeRefuses(t *testing.T) {
	t.Parallel()
	cfg := certified(t, config(t), 0)
	other := certified(t, cfg, 0)
	for name, spoil := range map[string]func(*hq.Config){
		"a key of another":         func(c *hq.Config) { c.TLSKey = other.TLSKey },
		"a file that is not there": func(c *hq.Config) { c.TLSCert += ".none" },
		"no PEM": func(c *hq.Config) {
			c.TLSCert = filepath.Join(t.TempDir(), "x.pem")
			require.NoError(t, os.WriteFile(c.TLSCert, []byte("x"), 0o600))
		},
	} {
		spoiled := cfg
		spoil(&spoiled)
		serve := fault.As(hq.New(nil, spoiled, nil).Listen(t.Context()))
		require.Equal(t, "certificate_unusable", serve.Code, name)
		check := examined(t, spoiled)["certificate"]
		requireFound(t, check, doctor.Fail, "HQ_TLS_CERT: "+serve.Message)
		require.Contains(t, check.Found, serve.Err.Error(), name)
		require.Equal(t, serve.Hint, check.Advice, name)
	}
}
