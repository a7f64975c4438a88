//go:build unix

package kafka

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"hash"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	kafkago "github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/pipeline"
)

const (
	userName     = "streamfit"
	userPassword = "correct-horse-battery-staple"
)

// secured is a real broker with every secured way in, the user streamfit, and the topics that docs/security.md speaks of.
type secured struct {
	broker    *kafkatest.Broker
	addresses map[string]string // by protocol
	authority *authority
	log       *bytes.Buffer // of every cluster that is opened
}

func openSecured(t *testing.T) *secured {
	s := &secured{broker: kafkatest.Run(t), authority: newAuthority(t), log: &bytes.Buffer{}}
	plain := open(t, s.broker.Brokers())
	for _, wanted := range []Topic{{Name: "flights"}, {Name: "flights-model"}, {Name: "flights-dead"}, {Name: "streamfit-state", Compacted: true}} {
		wanted.Partitions = 1
		if err := plain.EnsureTopic(t.Context(), wanted); err != nil {
			t.Fatal(err)
		}
	}
	s.keyStore(t)
	jaas := map[string]string{
		"plain":         fmt.Sprintf("plain.PlainLoginModule required user_%s=%q;", userName, userPassword),
		"scram-sha-256": "scram.ScramLoginModule required;", "scram-sha-512": "scram.ScramLoginModule required;",
	}
	lines := []string{
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512", "ssl.client.auth=required",
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + s.authority.file("keystore"), "ssl.truststore.type=PEM", "ssl.truststore.location=" + s.authority.file("ca"),
	}
	for mechanism, module := range jaas {
		for _, listener := range []string{"sasl_ssl", "sasl_plaintext"} {
			lines = append(lines, fmt.Sprintf("listener.name.%s.%s.sasl.jaas.config=org.apache.kafka.common.security.%s", listener, mechanism, module))
		}
	}
	s.addresses = s.broker.Secure(t, []string{"SSL", "SASL_PLAINTEXT", "SASL_SSL"}, lines...)
	s.scramUser(t, kafkago.ScramMechanismSha256, sha256.New)
	s.scramUser(t, kafkago.ScramMechanismSha512, sha512.New)
	return s
}

// keyStore of the broker as Kafka wants it, and the client's certificate.
func (s *secured) keyStore(t *testing.T) {
	a := s.authority
	config := a.brokerTLS(t, &x509.Certificate{DNSNames: []string{"kafka.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	key, err := x509.MarshalPKCS8PrivateKey(config.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := os.ReadFile(a.file("broker"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.file("keystore"), append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), cert...))
}

func (s *secured) scramUser(t *testing.T, mechanism kafkago.ScramMechanism, h func() hash.Hash) {
	const iterations = 4096
	salt := []byte("salt of the test")
	salted, err := pbkdf2.Key(h, userPassword, salt, iterations, h().Size())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.broker.Client(t).AlterUserScramCredentials(t.Context(), &kafkago.AlterUserScramCredentialsRequest{
		Upsertions: []kafkago.UserScramCredentialsUpsertion{{Name: userName, Mechanism: mechanism, Iterations: iterations, Salt: salt, SaltedPassword: salted}},
	})
	if err == nil {
		err = answer.Results[0].Error
	}
	if err != nil {
		t.Fatal(err)
	}
}

// open the cluster in a secured way. Everything it says is kept, at the finest level.
func (s *secured) open(t *testing.T, protocol, mechanism, password string) *Cluster {
	a, settings := s.authority, pipeline.Kafka{ClientID: "test", SessionTimeout: 6 * time.Second, Heartbeat: 100 * time.Millisecond}
	if strings.HasSuffix(protocol, "SSL") {
		settings.TLS = pipeline.TLS{Enabled: true, CA: a.file("ca"), Cert: a.file("client"), Key: a.file("client-key"), ServerName: "kafka.example"}
	}
	if mechanism != "" {
		settings.SASL = pipeline.SASL{Mechanism: mechanism, Username: userName, Password: password}
	}
	return openLogged(t, zerolog.New(s.log).Level(zerolog.TraceLevel), []string{s.addresses[protocol]}, settings)
}

// grants are the lines of docs/security.md.
func grants(t *testing.T) (lines [][]string) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if args, ok := strings.CutPrefix(line, "kafka-acls --bootstrap-server localhost:9092 "); ok {
			lines = append(lines, strings.Fields(args))
		}
	}
	return lines
}

func (s *secured) grant(t *testing.T, args []string) {
	t.Helper()
	if err := s.broker.Tool(t.Context(), "org.apache.kafka.tools.AclCommand", append([]string{"--bootstrap-server", s.broker.Addr()}, args...)...); err != nil {
		t.Fatal(err)
	}
}

// needed by a run: what fails, and what it says, until the line of docs/security.md that is in the same place is granted.
var needed = []struct {
	what string
	do   func(t *testing.T, c *Cluster, m *Member) error
	says []string
}{
	{"fetching", func(t *testing.T, c *Cluster, _ *Member) error {
		_, err := anySource(t, c, SourceConfig{Topic: "flights"}).Fetch(t.Context())
		return err
	}, []string{"fetch from topic flights, partition 0", "operation Read on this topic"}},
	{"joining", func(t *testing.T, c *Cluster, m *Member) error {
		return c.RunGroup(t.Context(), GroupConfig{Group: "streamfit", Topic: "flights"}, func(ctx context.Context, joined Member, _ int) error {
			*m = joined
			return nil
		})
	}, []string{"join group streamfit", "operation Read on this group"}},
	{"publishing", func(t *testing.T, c *Cluster, _ *Member) error {
		return c.OpenSink("flights-model").WriteTo(t.Context(), 0, valued("v")...)
	}, []string{"write 1 records to topic flights-model", "operation Write on this topic"}},
	{"dead letters", func(t *testing.T, c *Cluster, _ *Member) error {
		return c.OpenSink("flights-dead").WriteTo(t.Context(), 0, valued("v")...)
	}, []string{"write 1 records to topic flights-dead", "operation Write on this topic"}},
	{"state", func(t *testing.T, c *Cluster, _ *Member) error {
		return c.OpenStateLog("streamfit-state", 0).Write(t.Context(), pipeline.Record{Key: []byte("k"), Value: []byte("v")})
	}, []string{"write 1 records to topic streamfit-state", "operation Write on this topic"}},
	{"transactions", func(t *testing.T, c *Cluster, _ *Member) error {
		return c.OpenTransactor(TransactorConfig{ID: "streamfit-flights-0", State: c.OpenStateLog("streamfit-state", 0)}).Begin(t.Context())
	}, []string{"begin transactions of streamfit-flights-0", "operation Write on this transactional id"}},
}

// TestSecuredKafka: without a right, whatever needs it fails and names the resource and the operation; with the rights of docs/security.md, granted by the very
// commands that stand there, everything works, by every mechanism and in every protocol. The password is never in what is said.
func TestSecuredKafka(t *testing.T) {
	s := openSecured(t)
	written(t, open(t, s.broker.Brokers()).OpenSink("flights"), "a row")
	lines := grants(t)
	if len(lines) != len(needed) {
		t.Fatalf("docs/security.md grants %d rights, the test knows %d", len(lines), len(needed))
	}
	c := s.open(t, "SASL_SSL", "SCRAM-SHA-512", userPassword)
	for i, n := range needed {
		err := within(t, func(t *testing.T) error { return n.do(t, c, new(Member)) })
		if err == nil || !strings.Contains(err.Error(), n.says[0]) || !strings.Contains(err.Error(), n.says[1]) {
			t.Errorf("%s without the right: %v, want %q", n.what, err, n.says)
		}
		s.say(err)
		s.grant(t, lines[i])
	}
	for _, protocol := range []string{"SASL_PLAINTEXT", "SASL_SSL"} {
		for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
			t.Run(protocol+" "+mechanism, func(t *testing.T) {
				s.everything(t, s.open(t, protocol, mechanism, userPassword))
				err := s.open(t, protocol, mechanism, userPassword+"x").Ping(t.Context())
				if err == nil || !strings.Contains(err.Error(), s.addresses[protocol]) {
					t.Errorf("a wrong password: %v", err)
				}
				s.say(err)
			})
		}
	}
	t.Run("SSL", func(t *testing.T) {
		c := s.open(t, "SSL", "", "")
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := c.Partitions(t.Context(), "flights"); err == nil || !strings.Contains(err.Error(), "operation Describe on this topic") { // User:CN=client has no rights
			t.Error(err)
		}
	})
	if log := s.log.String(); strings.Contains(log, userPassword) || len(log) < 1000 {
		t.Errorf("the password is in the log, or there is no log: %.2000s", log)
	}
}

func (s *secured) say(err error) { fmt.Fprintln(s.log, err) }

// within a time in which a refusal must have been told: what is tried again for ever is not told.
func within(t *testing.T, do func(t *testing.T) error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do(t) }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		return fmt.Errorf("not told within 30 s")
	}
}

// everything that a run does with Kafka, in transactions and without.
func (s *secured) everything(t *testing.T, c *Cluster) {
	for _, wanted := range []Topic{{Name: "flights"}, {Name: "flights-model"}, {Name: "flights-dead"}, {Name: "streamfit-state", Compacted: true}} {
		wanted.Partitions = 1
		if err := c.EnsureTopic(t.Context(), wanted); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := take(t, source(t, c, SourceConfig{Topic: "flights"}), 1, 1); got[0].Value != "a row" {
		t.Error(got)
	}
	written(t, c.OpenSink("flights-model"), "update")
	written(t, c.OpenSink("flights-dead"), "letter")
	state := c.OpenStateLog("streamfit-state", 0)
	if err := state.Write(t.Context(), pipeline.Record{Key: []byte("k"), Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Replay(t.Context(), 0, func(int64, pipeline.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	err := c.RunGroup(ctx, GroupConfig{Group: "streamfit", Topic: "flights"}, func(ctx context.Context, m Member, _ int) error {
		defer leave()
		if err := m.Commit(ctx, 0, 1); err != nil {
			return err
		}
		tr := c.OpenTransactor(TransactorConfig{ID: "streamfit-flights-0", Output: c.OpenSink("flights-model"), DeadLetters: c.OpenSink("flights-dead"), State: state, Member: m})
		if err := tr.Begin(ctx); err != nil {
			return err
		}
		return tr.Commit(ctx, pipeline.Shipment{Updates: valued("u"), DeadLetters: valued("d"), State: []pipeline.Record{{Key: []byte("k"), Value: []byte("w")}}, Position: 1})
	})
	if err != nil {
		t.Error(err)
	}
}
