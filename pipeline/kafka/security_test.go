package kafka

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/streamfit/streamfit/pipeline"
)

// authority makes certificates for this test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir()}
	a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name+".pem") }

// issue a certificate, signed by the authority if it is one already, and write it and its key to files.
func (a *authority) issue(t *testing.T, name string, template *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert == nil {
		a.key = key
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.file(name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, a.file(name+"-key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

func write(t *testing.T, file string, content []byte) {
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// brokerTLS with a certificate for a name or 127.0.0.1, which asks clients for theirs.
func (a *authority) brokerTLS(t *testing.T, template *x509.Certificate) *tls.Config {
	a.issue(t, "broker", template)
	a.issue(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.LoadX509KeyPair(a.file("broker"), a.file("broker-key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

// TestSecured: everything this package does works over TLS with a client certificate, and every SASL mechanism.
func TestSecured(t *testing.T) {
	a := newAuthority(t)
	write(t, a.file("password"), []byte("of the file\r\n"))
	serverTLS := a.brokerTLS(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			broker := embedded(t, kfake.TLS(serverTLS), kfake.EnableSASL(), kfake.Superuser(mechanism, "user", "of the file"))
			c := open(t, broker.ListenAddrs(), pipeline.Kafka{
				TLS:       pipeline.TLS{Enabled: true, CA: a.file("ca"), Cert: a.file("client"), Key: a.file("client-key")},
				SASL:      pipeline.SASL{Mechanism: mechanism, Username: "user", PasswordFile: a.file("password")},
				Heartbeat: 100 * time.Millisecond,
			})
			name := topic(t, c, Topic{Compacted: true})
			written(t, c.OpenSink(name), "secret")
			if got, _ := take(t, source(t, c, SourceConfig{Topic: name}), 1, 1); got[0].Value != "secret" {
				t.Error(got)
			}
			m := newMembers()
			join(t, c, GroupConfig{Group: "g", Topic: name}, m.work("member"))
			m.await(t, "joined", owned(1, "member"))
		})
	}
}

func TestServerName(t *testing.T) {
	a := newAuthority(t)
	broker := embedded(t, kfake.TLS(a.brokerTLS(t, &x509.Certificate{DNSNames: []string{"kafka.example"}})))
	settings := pipeline.TLS{Enabled: true, CA: a.file("ca"), Cert: a.file("client"), Key: a.file("client-key"), ServerName: "kafka.example"}
	c := open(t, broker.ListenAddrs(), pipeline.Kafka{TLS: settings})
	written(t, c.OpenSink(topic(t, c, Topic{})), "v")

	settings.ServerName = "" // the address then, for which the certificate is not
	err := open(t, broker.ListenAddrs(), pipeline.Kafka{TLS: settings}).Ping(t.Context())
	var cert *tls.CertificateVerificationError
	if !errors.As(err, &cert) || !strings.Contains(err.Error(), broker.ListenAddrs()[0]) {
		t.Errorf("error %v", err)
	}
}

func TestARefusedClientIsToldAtOnce(t *testing.T) {
	a := newAuthority(t)
	serverTLS := a.brokerTLS(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	t.Run("password", func(t *testing.T) {
		const secret = "a wrong password"
		broker := embedded(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "right"), kfake.Superuser("SCRAM-SHA-256", "user", "right"))
		for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256"} {
			var log bytes.Buffer
			c := openLogged(t, zerolog.New(&log), broker.ListenAddrs(), pipeline.Kafka{SASL: pipeline.SASL{Mechanism: mechanism, Username: "user", Password: secret}})
			err := c.Ping(t.Context())
			if !errors.Is(err, kafkago.SASLAuthenticationFailed) {
				t.Errorf("%s: error %v", mechanism, err)
			}
			if strings.Contains(err.Error()+log.String(), secret) {
				t.Errorf("%s: the password is in %q or %q", mechanism, err, log.String())
			}
		}
	})
	t.Run("authority", func(t *testing.T) {
		broker := embedded(t, kfake.TLS(serverTLS))
		settings := pipeline.TLS{Enabled: true, CA: newAuthority(t).file("ca"), Cert: a.file("client"), Key: a.file("client-key")}
		err := open(t, broker.ListenAddrs(), pipeline.Kafka{TLS: settings}).Ping(t.Context())
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("client certificate", func(t *testing.T) {
		broker := embedded(t, kfake.TLS(serverTLS))
		err := open(t, broker.ListenAddrs(), pipeline.Kafka{TLS: pipeline.TLS{Enabled: true, CA: a.file("ca")}}).Ping(t.Context())
		if err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("error %v", err)
		}
	})
}

func TestSettingsThatCannotWork(t *testing.T) {
	a := newAuthority(t)
	write(t, a.file("empty"), nil)
	for want, settings := range map[string]pipeline.Kafka{
		"kafka.tls.ca":                        {TLS: pipeline.TLS{Enabled: true, CA: a.file("none")}},
		"holds no certificate":                {TLS: pipeline.TLS{Enabled: true, CA: a.file("empty")}},
		"a client certificate needs both":     {TLS: pipeline.TLS{Enabled: true, Cert: a.file("ca")}},
		"kafka.tls.cert, kafka.tls.key":       {TLS: pipeline.TLS{Enabled: true, Cert: a.file("ca"), Key: a.file("empty")}},
		"kafka.sasl.username":                 {SASL: pipeline.SASL{Mechanism: "PLAIN", Password: "p"}},
		"no password":                         {SASL: pipeline.SASL{Mechanism: "PLAIN", Username: "u"}},
		"kafka.sasl.password_file":            {SASL: pipeline.SASL{Mechanism: "PLAIN", Username: "u", PasswordFile: a.file("none")}},
		`"GSSAPI" is not one of PLAIN, SCRAM`: {SASL: pipeline.SASL{Mechanism: "GSSAPI", Username: "u", Password: "p"}},
	} {
		if _, err := Open(Config{Brokers: []string{"127.0.0.1:1"}, Kafka: settings}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
