package kafka

import (
	"context"
	"net"
	"sync"

	kafkago "github.com/segmentio/kafka-go"
)

// trackedDialer makes a dialer remember its connections, so that hangUp ends whatever is waiting on one of them, now or later.
func trackedDialer(d *kafkago.Dialer) (_ *kafkago.Dialer, hangUp func()) {
	t := &tracker{conns: map[net.Conn]bool{}}
	d.DialFunc = t.dial
	return d, t.hangUp
}

type tracker struct {
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func (t *tracker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	t.conns[conn] = true
	return &trackedConn{Conn: conn, tracker: t}, nil
}

func (t *tracker) hangUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for conn := range t.conns {
		conn.Close()
	}
}

// trackedConn is forgotten when it is closed.
type trackedConn struct {
	net.Conn
	tracker *tracker
}

func (c *trackedConn) Close() error {
	c.tracker.mu.Lock()
	delete(c.tracker.conns, c.Conn)
	c.tracker.mu.Unlock()
	return c.Conn.Close()
}

// dialToBeCutOff gives a connection that is cut off when it is closed. What was written to it and is not acknowledged is not delivered afterwards, as the kernel would
// otherwise see to for minutes: a request that was given up and is made again must not arrive behind those that came after it.
func dialToBeCutOff(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if tcp, is := conn.(*net.TCPConn); is && err == nil {
		err = tcp.SetLinger(0)
	}
	return conn, err
}
