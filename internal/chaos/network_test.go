//go:build unix

package chaos

import (
	"context"
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// network between streamfit and the brokers: a proxy in front of each node. The nodes talk to each other, and the test to them, without it.
type network struct {
	t       testing.TB
	server  *toxiproxy.ApiServer
	proxies []*toxiproxy.Proxy
	toxics  int
}

func newNetwork(t testing.TB) *network {
	n := &network{t: t, server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())}
	t.Cleanup(func() {
		for _, p := range n.proxies {
			p.Stop()
		}
	})
	return n
}

// front of a node, for kafkatest.
func (n *network) front(id int, back string) (string, error) {
	p := toxiproxy.NewProxy(n.server, fmt.Sprint("node-", id), "127.0.0.1:0", back)
	if err := p.Start(); err != nil {
		return "", err
	}
	n.proxies = append(n.proxies, p)
	return p.Listen, nil
}

// toxics as Toxiproxy's interface takes them, for a fault and whichever node it hits.
var toxics = map[fault]string{
	latency:   `{"type":"latency","stream":"downstream","attributes":{"latency":150,"jitter":100}}`,
	bandwidth: `{"type":"bandwidth","stream":"downstream","attributes":{"rate":40}}`,
	cut:       `{"type":"limit_data","stream":"downstream","attributes":{"bytes":3000}}`,
	halfOpen:  `{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`,
	resets:    `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":100}}`,
}

// disturb a node's connections, those there are and those to come, until it is undone.
func (n *network) disturb(f fault, node int) (undo func()) {
	proxy := n.proxies[node]
	n.toxics++
	name := fmt.Sprint("toxic-", n.toxics)
	toxic := strings.Replace(toxics[f], "{", fmt.Sprintf(`{"name":%q,`, name), 1)
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		n.t.Fatal(err)
	}
	return func() {
		if err := proxy.Toxics.RemoveToxic(context.Background(), name); err != nil {
			n.t.Error(err)
		}
	}
}
