package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/streamfit/streamfit/pipeline"
)

// members of a group under test: which of them works on which partition now.
type members struct {
	mu      sync.Mutex
	owners  map[int][]string // of a partition, at the moment
	begun   int
	changed chan struct{}
}

func newMembers() *members { return &members{owners: map[int][]string{}, changed: make(chan struct{})} }

func (m *members) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.changed)
	m.changed = make(chan struct{})
}

// work like a shard: until its context ends.
func (m *members) work(name string) func(context.Context, Member, int) error {
	return func(ctx context.Context, _ Member, partition int) error {
		m.change(func() { m.owners[partition] = append(m.owners[partition], name); m.begun++ })
		<-ctx.Done()
		m.change(func() {
			m.owners[partition] = slices.DeleteFunc(m.owners[partition], func(s string) bool { return s == name })
		})
		return ctx.Err()
	}
}

// await until the owners are as wanted.
func (m *members) await(t testing.TB, what string, ok func(owners map[int][]string) bool) {
	t.Helper()
	for {
		m.mu.Lock()
		done, changed, now := ok(m.owners), m.changed, fmt.Sprint(m.owners)
		m.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatalf("%s: owners %s", what, now)
		}
	}
}

// owned tells whether each of so many partitions has one owner, all of them together these.
func owned(partitions int, names ...string) func(map[int][]string) bool {
	return func(owners map[int][]string) bool {
		var seen []string
		for partition := range partitions {
			if len(owners[partition]) != 1 {
				return false
			}
			seen = append(seen, owners[partition][0])
		}
		slices.Sort(seen)
		return slices.Equal(slices.Compact(seen), names)
	}
}

// joined member, and how to make it leave. RunGroup's error is checked when it has left.
func join(t *testing.T, c *Cluster, cfg GroupConfig, work func(context.Context, Member, int) error) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.RunGroup(ctx, cfg, work) }()
	leave = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("RunGroup: %v", err)
		}
	})
	t.Cleanup(leave)
	return leave
}

func TestGroupSharesPartitionsOutAndHandsThemOver(t *testing.T) {
	onBrokers(t, func(t *testing.T, brokers []string) {
		c := open(t, brokers)
		cfg := GroupConfig{Topic: topic(t, c, Topic{Partitions: 4})}
		cfg.Group = cfg.Topic
		m := newMembers()
		first := join(t, c, cfg, m.work("first"))
		m.await(t, "alone", owned(4, "first"))
		second := join(t, c, cfg, m.work("second"))
		m.await(t, "together", owned(4, "first", "second"))
		first()
		m.await(t, "after the first has left", owned(4, "second"))
		second()
		m.await(t, "after both have left", owned(0))
	})
}

// TestGroupNeverHasTwoWorksOnAPartition of one process, however often the group is shaken.
func TestGroupNeverHasTwoWorksOnAPartition(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{Partitions: 3})}
	m := newMembers()
	join(t, c, cfg, func(ctx context.Context, member Member, partition int) error {
		m.change(func() {
			if len(m.owners[partition]) > 0 {
				t.Errorf("partition %d has two works", partition)
			}
		})
		return m.work("member")(ctx, member, partition)
	})
	for i := range 5 {
		m.await(t, "joined", func(owners map[int][]string) bool { return owned(3, "member")(owners) && m.begun >= 3*(i+1) })
		broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Err: []*kerr.Error{kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration}[i%3]})
	}
}

func TestGroupSurvivesACoordinatorThatStarts(t *testing.T) {
	broker := embedded(t)
	log := listen()
	c := openLogged(t, zerolog.New(log), broker.ListenAddrs())
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{})}
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.FindCoordinator}, Err: kerr.CoordinatorNotAvailable}, kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.NotCoordinator})
	m := newMembers()
	join(t, c, cfg, m.work("member"))
	m.await(t, "joined", owned(1, "member"))
	if line := log.await(t.Context(), t, "could not join"); !strings.Contains(line, `"level":"warn"`) || !strings.Contains(line, `"group":"g"`) {
		t.Error(line)
	}
}

func TestGroupThatMayNotBeJoined(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	cfg := GroupConfig{Group: "forbidden", Topic: topic(t, c, Topic{})}
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.GroupAuthorizationFailed, Count: -1})
	err := c.RunGroup(t.Context(), cfg, newMembers().work("member"))
	if err == nil || !strings.Contains(err.Error(), "join group forbidden") {
		t.Errorf("error %v", err)
	}
}

// TestGroupEndsWithTheFirstError of a work, after the others have seen their context end.
func TestGroupEndsWithTheFirstError(t *testing.T) {
	c := open(t, embedded(t).ListenAddrs())
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{Partitions: 3})}
	broken := errors.New("broken")
	m := newMembers()
	err := c.RunGroup(t.Context(), cfg, func(ctx context.Context, member Member, partition int) error {
		if partition != 1 {
			return m.work("member")(ctx, member, partition)
		}
		m.await(t, "the others", func(owners map[int][]string) bool { return len(owners[0]) == 1 && len(owners[2]) == 1 })
		return broken
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), cfg.Topic+", partition 1") {
		t.Errorf("error %v", err)
	}
	m.await(t, "left", func(owners map[int][]string) bool { return len(owners[0]) == 0 && len(owners[2]) == 0 })
}

// TestGroupGoesOnAfterAWorkThatReturnsEarly, which in kafka-go would end the generation for all.
func TestGroupGoesOnAfterAWorkThatReturnsEarly(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{Partitions: 2})}
	m := newMembers()
	generations := make(chan int32, 100)
	leave := join(t, c, cfg, func(ctx context.Context, member Member, partition int) error {
		generations <- member.generation.ID
		if partition == 0 {
			return nil
		}
		return m.work("member")(ctx, member, partition)
	})
	m.await(t, "joined", func(owners map[int][]string) bool { return len(owners[1]) == 1 })
	beats := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Observe: true, Count: -1})
	if err := beats.Wait(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	leave()
	if a, b := <-generations, <-generations; a != b || len(generations) > 0 {
		t.Errorf("generations %d and %d, and %d more works", a, b, len(generations))
	}
}

func TestGroupSharesNewPartitionsOut(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{Partitions: 1}), WatchEvery: 10 * time.Millisecond}
	m := newMembers()
	join(t, c, cfg, m.work("first"))
	join(t, c, cfg, m.work("second"))
	m.await(t, "one partition", func(owners map[int][]string) bool { return len(owners[0]) == 1 })
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.TimeoutMillis = 5000
	req.Topics = []kmsg.CreatePartitionsRequestTopic{{Topic: cfg.Topic, Count: 4}}
	if _, err := req.RequestWith(t.Context(), franz(t, broker.ListenAddrs())); err != nil {
		t.Fatal(err)
	}
	m.await(t, "four partitions", owned(4, "first", "second"))
}

func TestGroupWaitsForItsTopic(t *testing.T) {
	broker := embedded(t)
	log := listen()
	c := openLogged(t, zerolog.New(log), broker.ListenAddrs())
	m := newMembers()
	join(t, c, GroupConfig{Group: "g", Topic: "late"}, m.work("member"))
	log.await(t.Context(), t, "look up topic late")
	if err := broker.CreateTopic("late", 2, nil); err != nil {
		t.Fatal(err)
	}
	m.await(t, "joined", owned(2, "member"))
}

// TestCommitsWhileLeaving are what lag displays see.
func TestCommitsWhileLeaving(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs())
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{Partitions: 2})}
	m := newMembers()
	leave := join(t, c, cfg, func(ctx context.Context, member Member, partition int) error {
		err := m.work("member")(ctx, member, partition)
		if err := member.Commit(context.WithoutCancel(ctx), partition, int64(100+partition)); err != nil {
			t.Errorf("commit: %v", err)
		}
		return err
	})
	m.await(t, "joined", owned(2, "member"))
	leave()
	commits := broker.GroupInfo("g").Commits[cfg.Topic]
	if commits[0].Offset != 100 || commits[1].Offset != 101 {
		t.Errorf("%+v", commits)
	}
}

// TestGroupIsLeftWhileJoining waits for others: a member that does not come back would hold the end up for the rebalance time-out.
func TestGroupIsLeftWhileJoining(t *testing.T) {
	broker := embedded(t)
	c := open(t, broker.ListenAddrs(), pipeline.Kafka{SessionTimeout: time.Minute, Heartbeat: 100 * time.Millisecond})
	cfg := GroupConfig{Group: "g", Topic: topic(t, c, Topic{})}
	stuck, release := make(chan string), make(chan struct{})
	m := newMembers()
	join(t, c, cfg, func(ctx context.Context, member Member, partition int) error {
		err := m.work("slow")(ctx, member, partition)
		if errors.Is(context.Cause(ctx), errRebalanced) {
			stuck <- member.generation.MemberID
			<-release // does not join the next generation
		}
		return err
	})
	m.await(t, "joined", owned(1, "slow"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.RunGroup(ctx, cfg, m.work("hasty")) }()
	slow := <-stuck // so the hasty one is in the middle of joining
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("error %v", err)
	}
	info := broker.GroupInfo("g")
	if !slices.ContainsFunc(info.Members, func(m kfake.GroupMember) bool { return m.MemberID == slow }) {
		t.Errorf("it was left only after the slow member had been thrown out: %+v", info)
	}
	close(release)
}
