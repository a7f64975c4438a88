//go:build unix

package kafkatest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Secure starts the broker again with more ways in beside the plain one, each named as its protocol (SSL, SASL_PLAINTEXT, SASL_SSL), and with lines added to
// server.properties. Only who comes in the plain way may do anything until ACLs say otherwise. It gives the address of each way in.
func (b *Broker) Secure(t testing.TB, protocols []string, lines ...string) map[string]string {
	t.Helper()
	addresses, added, mapped := map[string]string{}, "", "" // of listeners, and of their protocols
	for i, address := range freeAddresses(t, len(protocols)) {
		p := protocols[i]
		addresses[p] = address
		added += fmt.Sprintf(",%s://%s", p, addresses[p])
		mapped += fmt.Sprintf(",%s:%s", p, p)
	}
	text, err := os.ReadFile(b.path("server.properties"))
	if err != nil {
		t.Fatal(err)
	}
	properties := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range properties {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "listeners", "advertised.listeners":
			properties[i] += added
		case "listener.security.protocol.map":
			properties[i] += mapped
		}
	}
	properties = append(properties, "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:ANONYMOUS")
	properties = append(properties, lines...)
	b.Stop()
	if err := os.WriteFile(b.path("server.properties"), []byte(strings.Join(properties, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, b.logTail())
	}
	return addresses
}

// freeAddresses of 127.0.0.1 that nobody listens on, below the ports that systems hand out.
func freeAddresses(t testing.TB, n int) (found []string) {
	t.Helper()
	for range portTries {
		if len(found) == n {
			return found
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort)))
		if l, err := net.Listen("tcp", address); err == nil {
			defer l.Close()
			found = append(found, address)
		}
	}
	t.Fatal("no free port on 127.0.0.1")
	return nil
}

// Tool runs one of Kafka's command-line tools by its class, as "org.apache.kafka.tools.AclCommand".
func (b *Broker) Tool(ctx context.Context, class string, args ...string) error {
	cmd := exec.CommandContext(ctx, b.java, append([]string{"-XX:TieredStopAtLevel=1", "-cp", b.classPath, class}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", class, strings.Join(args, " "), err, out.Bytes())
	}
	return nil
}
