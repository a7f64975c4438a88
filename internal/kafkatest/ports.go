package kafkatest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	mathrand "math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that systems hand out to outgoing connections. From inside it, a client that tries to reach a broker that
// is down could be given the broker's own port, and keep it.
const (
	firstPort = 15000
	lastPort  = 30000
	portTries = 100
)

// freePorts finds so many ports of 127.0.0.1 that nobody listens on.
func freePorts(n int) (found []int, err error) {
	for range portTries {
		port := firstPort + mathrand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer l.Close()
		if found = append(found, port); len(found) == n {
			return found, nil
		}
	}
	return nil, errors.New("no free port on 127.0.0.1")
}

// clusterID makes the id of a new cluster: 16 random bytes in base64url. Kafka's tools refuse one that begins with a dash.
func clusterID() string {
	for {
		var id [16]byte
		_, _ = rand.Read(id[:]) // never fails
		if text := base64.RawURLEncoding.EncodeToString(id[:]); text[0] != '-' {
			return text
		}
	}
}
