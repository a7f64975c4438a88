//go:build unix

package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/streamfit/streamfit/internal/kafkatest"
	"github.com/streamfit/streamfit/internal/programtest"
)

const (
	mostInstances  = 3
	sessionTimeout = time.Second
)

// system is what the faults happen to.
type system struct {
	t         testing.TB
	cluster   *kafkatest.Cluster
	network   *network
	world     *programtest.World
	args      []string // of every instance, beside the usual ones
	instances []*instance
	healing   []healing
	broken    bool // a node is down
	count     map[fault]int
	started   int
	unclean   int // instances that did not end well after SIGTERM, as when the brokers could not be reached in time
	programs  []*programtest.Program
}

// instance of streamfit.
type instance struct {
	*programtest.Program
	ended  chan struct{}
	err    error
	asleep bool
	leaves bool // it was told to
}

// healing undoes a fault that lasts.
type healing struct {
	at   time.Time
	undo func()
}

// start another instance.
func (s *system) start() {
	p := programtest.Command(s.t, s.world.RunArgs(s.args...)...)
	p.Env = append(p.Env, "STREAMFIT_KAFKA_SESSION_TIMEOUT="+sessionTimeout.String(), "STREAMFIT_KAFKA_HEARTBEAT=250ms", "STREAMFIT_LOG_LEVEL=debug", "STREAMFIT_LOG_FORMAT=json")
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	i := &instance{Program: p, ended: make(chan struct{})}
	go func() {
		i.err = p.Wait()
		close(i.ended)
	}()
	s.started++
	s.instances, s.programs = append(s.instances, i), append(s.programs, p)
}

// awake instances.
func (s *system) awake() (out []*instance) {
	for _, i := range s.instances {
		if !i.asleep && !i.leaves {
			out = append(out, i)
		}
	}
	return out
}

// reap those that have ended, each of which must have been told to.
func (s *system) reap() {
	s.instances = slices.DeleteFunc(s.instances, func(i *instance) bool {
		select {
		case <-i.ended:
		default:
			return false
		}
		said := i.Said()
		switch {
		case !i.leaves:
			s.t.Errorf("an instance ended by itself: %v: %s", i.err, said[max(0, len(said)-1500):])
		case i.err != nil:
			s.unclean++
		}
		return true
	})
}

// end an instance at once, which must not have ended before.
func (s *system) end(i *instance) {
	select {
	case <-i.ended:
		s.reap()
		return
	default:
	}
	_ = i.Process.Kill()
	<-i.ended
	if state := i.ProcessState; state.Exited() { // in the instant before it was killed
		s.t.Errorf("an instance ended by itself: %v: %s", i.err, i.Said())
	}
	s.instances = slices.DeleteFunc(s.instances, func(other *instance) bool { return other == i })
}

// victim of the step, should its fault need one: an instance that is awake, and, where the step says so, that has a partition or had the time to get one.
func (s *system) victim(ctx context.Context, step step) *instance {
	s.reap()
	if len(s.awake()) == 0 {
		s.start()
	}
	awake := s.awake()
	one := awake[step.pick%uint64(len(awake))]
	if step.works {
		ctx, cancel := context.WithTimeout(ctx, 4*sessionTimeout)
		defer cancel()
		_ = one.AwaitClaim(ctx) // it may have to wait for its turn
	}
	return one
}

// strike with the step's fault. What there is nothing to do to is left out, and not counted.
func (s *system) strike(ctx context.Context, step step, one *instance) {
	switch step.fault {
	case kill:
		s.end(one)
	case terminate:
		select {
		case <-one.ended:
			s.reap()
			return
		default:
		}
		_ = one.Process.Signal(syscall.SIGTERM)
		one.leaves = true
	case sleep:
		s.putToSleep(one, step.lasts)
	case enter:
		if len(s.instances) >= mostInstances {
			return
		}
		s.start()
	case killLeader, killCoord:
		if !s.breakNode(ctx, step) {
			return
		}
	case elect:
		s.elect(ctx)
	default:
		s.later(step.lasts, s.network.disturb(step.fault, int(step.pick%uint64(len(s.cluster.Nodes)))))
	}
	s.count[step.fault]++
	if (step.again || len(s.awake()) == 0) && len(s.instances) < mostInstances && (step.fault == kill || step.fault == terminate || step.fault == sleep) {
		s.start()
	}
}

func (s *system) later(after time.Duration, undo func()) {
	s.healing = append(s.healing, healing{time.Now().Add(after), undo})
}

// heal what is due, or everything.
func (s *system) heal(everything bool) {
	var left []healing
	for _, h := range s.healing {
		if everything || time.Now().After(h.at) {
			h.undo()
		} else {
			left = append(left, h)
		}
	}
	s.healing = left
}

// putToSleep for longer than the session time-out: when it wakes, its partitions are somebody else's.
func (s *system) putToSleep(i *instance, more time.Duration) {
	_ = i.Process.Signal(syscall.SIGSTOP)
	i.asleep = true
	s.later(sessionTimeout+more, func() {
		_ = i.Process.Signal(syscall.SIGCONT)
		i.asleep = false
	})
}

// breakNode kills a node and starts it again, unless one is down already: with two down, nothing could go on.
func (s *system) breakNode(ctx context.Context, step step) bool {
	if s.broken {
		return false
	}
	node := s.cluster.Nodes[step.pick%uint64(len(s.cluster.Nodes))]
	if step.fault == killCoord {
		node = s.coordinator(ctx, node)
	}
	node.Kill()
	s.broken = true
	s.later(step.lasts, func() {
		if err := node.Start(ctx); err != nil {
			s.t.Errorf("node %d does not come back: %v", node.ID(), err)
		}
		s.broken = false
	})
	return true
}

// coordinator of the group, or else the other node.
func (s *system) coordinator(ctx context.Context, otherwise *kafkatest.Broker) *kafkatest.Broker {
	answer, err := s.client().FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: s.world.Group, KeyType: kafka.CoordinatorKeyTypeConsumer})
	if err != nil || answer.Error != nil || answer.Coordinator == nil {
		return otherwise
	}
	return s.cluster.Nodes[max(0, answer.Coordinator.NodeID-1)]
}

func (s *system) client() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(s.cluster.Brokers()...), Transport: &kafka.Transport{IdleTimeout: time.Second}, Timeout: 5 * time.Second}
}

// decided is the end of a partition, once all its transactions have their end marked: the broker does that after it has told the producer.
func (s *system) decided(ctx context.Context, topic string, partition int) int64 {
	for {
		_, committed, err := s.world.Cluster.Bounds(ctx, topic, partition)
		if err != nil {
			s.t.Fatal(err)
		}
		answer, err := s.client().ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(partition)}}})
		if err == nil && answer.Topics[topic][0].Error == nil && answer.Topics[topic][0].LastOffset == committed {
			return committed
		}
		select {
		case <-ctx.Done():
			s.t.Fatal(ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// elect the preferred leaders: after a node was down, it is given its partitions back.
func (s *system) elect(ctx context.Context) {
	for _, topic := range []string{s.world.Input, s.world.State, s.world.Output, s.world.DeadLetter, "__consumer_offsets", "__transaction_state"} {
		n, err := s.world.Cluster.Partitions(ctx, topic)
		if err != nil {
			continue
		}
		var partitions []int
		for p := range n {
			partitions = append(partitions, p)
		}
		// that no election is needed, or that it must wait, is an answer too
		_, _ = s.client().ElectLeaders(ctx, &kafka.ElectLeadersRequest{Topic: topic, Partitions: partitions, Timeout: 5 * time.Second})
	}
}

// settle ends all faults and leaves one instance running.
func (s *system) settle() {
	s.heal(true)
	s.reap()
	for len(s.awake()) > 1 {
		i := s.awake()[0]
		_ = i.Process.Signal(syscall.SIGTERM)
		i.leaves = true
	}
	if len(s.awake()) == 0 {
		s.start()
	}
}

// stop the instances in order.
func (s *system) stop() error {
	for _, i := range s.instances {
		if !i.leaves {
			_ = i.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, i := range s.instances {
		select {
		case <-i.ended:
		case <-time.After(programtest.Patience):
			return fmt.Errorf("an instance does not end after SIGTERM: %s", i.Said())
		}
		if i.err != nil && !i.leaves {
			return fmt.Errorf("after SIGTERM: %w: %s", i.err, i.Said())
		}
	}
	return nil
}

// said counts the lines of all instances that hold a text.
func (s *system) said(text string) (n int) {
	for _, p := range s.programs {
		n += strings.Count(p.Said(), text)
	}
	return n
}
