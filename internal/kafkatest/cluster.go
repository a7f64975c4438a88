//go:build unix

package kafkatest

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"
)

// Cluster is several nodes that replicate each other's topics, three times if there are so many.
type Cluster struct{ Nodes []*Broker }

// RunCluster starts a cluster for one test and stops it at the test's end; it skips or fails as Run does. front, where it is given, is called with the address
// that a node listens on for clients from outside, and gives the address by which they reach it, as that of a proxy in between; the nodes talk to each
// other, and to whoever starts from Brokers, without it.
func RunCluster(t testing.TB, nodes int, front func(id int, back string) (address string, err error)) *Cluster {
	t.Helper()
	askedFor(t)
	planned, err := plan(nodes, front)
	giveUp(t, err)
	c := &Cluster{}
	for _, n := range planned {
		b, err := prepare(t.Context(), t.TempDir(), n)
		giveUp(t, err)
		t.Cleanup(func() {
			b.Kill() // in order, one would wait for the others
			_ = b.log.Close()
			b.showLog(t)
		})
		c.Nodes = append(c.Nodes, b)
	}
	giveUp(t, c.start(t.Context()))
	return c
}

// start all nodes at once: a controller alone has no majority.
func (c *Cluster) start(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, b := range c.Nodes {
		group.Go(func() error {
			if err := b.Start(ctx); err != nil {
				return fmt.Errorf("node %d: %w\n%s", b.ID(), err, b.logTail())
			}
			return nil
		})
	}
	return group.Wait()
}

// Brokers is the list of addresses that a client starts from, without the fronts.
func (c *Cluster) Brokers() (addresses []string) {
	for _, b := range c.Nodes {
		addresses = append(addresses, b.Addr())
	}
	return addresses
}

// Fronts is the list of addresses that a client from outside starts from.
func (c *Cluster) Fronts() (addresses []string) {
	for _, b := range c.Nodes {
		addresses = append(addresses, b.Front())
	}
	return addresses
}
