//go:build unix

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

// verdict compares what the system has come to with one uninterrupted pass over the messages that were committed to its input.
type verdict struct {
	s *system
	mode
	partitions int

	said   map[string]string // by one pass, of each key
	byRows map[string][]byte // updates that one pass makes when a key has rows enough, by key and position

	rows, letters, updates, repeated int
	mismatches                       []string
}

func (v *verdict) wrong(format string, args ...any) {
	v.mismatches = append(v.mismatches, fmt.Sprintf(format, args...))
}

// stateOf a partition: what a restart would take up, which is the highest epoch's last record.
type stateOf struct {
	checkpoint *pipeline.Checkpoint          // nil: there is none
	keys       map[string]*pipeline.KeyState // with a model per key, those of the keys
}

// newest state of each partition.
func (v *verdict) newest(ctx context.Context) ([]stateOf, error) {
	out := make([]stateOf, v.partitions)
	for p := range out {
		out[p].keys = map[string]*pipeline.KeyState{}
		_, err := v.s.world.Cluster.OpenStateLog(v.s.world.State, p).Replay(ctx, 0, func(_ int64, r pipeline.Record) error { return out[p].take(r) })
		if err != nil {
			return nil, fmt.Errorf("the state of partition %d: %w", p, err)
		}
	}
	return out, nil
}

func (s *stateOf) take(r pipeline.Record) error {
	if r.Value == nil || bytes.HasPrefix(r.Key, []byte(model+"#keys/")) { // or who has which key
		return nil
	}
	k, err := pipeline.ParseKeyState(pipeline.Record{Key: r.Key, Value: bytes.Clone(r.Value)}, model)
	if err != nil {
		return err
	}
	if k != nil {
		if before := s.keys[k.Key]; before == nil || k.Epoch >= before.Epoch {
			s.keys[k.Key] = k
		}
		return nil
	}
	c, err := pipeline.ParseCheckpoint(bytes.Clone(r.Value))
	if err == nil && (s.checkpoint == nil || c.Epoch >= s.checkpoint.Epoch) {
		s.checkpoint = c
	}
	return err
}

// await until every partition has been learned to its end, and an update says so: the one shard that publishes sees the others through the state topic.
func (v *verdict) await(ctx context.Context, ends []int64) error {
	ctx, cancel := context.WithTimeout(ctx, 2*programtest.Patience)
	defer cancel()
	for {
		v.s.reap()
		state, published, err := v.reached(ctx)
		if err != nil {
			return err
		}
		if slices.Equal(state, ends) && slices.Equal(published, ends) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the state stands at %v, the newest update at %v, the input ends at %v", state, published, ends)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// reached by the state and by the newest update, by partition; -1: not seen.
func (v *verdict) reached(ctx context.Context) (state, published []int64, err error) {
	newest, err := v.newest(ctx)
	if err != nil {
		return nil, nil, err
	}
	updates, err := v.read(v.s.world.Output)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range newest {
		at := int64(-1)
		if s.checkpoint != nil {
			at = s.checkpoint.Position
		}
		state = append(state, at)
	}
	if v.keyed {
		published, err = publishedKeys(newest, updates)
		return state, published, err
	}
	var u pipeline.Update
	if len(updates) > 0 {
		if err := json.Unmarshal(updates[len(updates)-1].Value, &u); err != nil {
			return nil, nil, err
		}
	}
	for p := range v.partitions {
		if at, seen := u.Position[v.s.world.Input][strconv.Itoa(p)]; seen {
			published = append(published, at)
		}
	}
	return state, published, nil
}

// check everything against the committed messages of each partition.
func (v *verdict) check(ctx context.Context, l *load, input [][]*kgo.Record, ends []int64) error {
	newest, err := v.newest(ctx)
	if err != nil {
		return err
	}
	var bad []*kgo.Record
	for p, messages := range input {
		for _, m := range messages {
			if bytes.HasPrefix(m.Value, []byte("no arrow")) {
				bad = append(bad, m)
			}
		}
		want, err := v.onePass(ctx, p, messages, ends[p])
		if err != nil {
			return err
		}
		if v.keyed {
			if err := v.expect(want.output.all, p, ends[p]); err != nil {
				return err
			}
		}
		if err := v.checkState(p, newest[p], want); err != nil {
			return err
		}
		if err := v.checkReplay(l, p, messages, want); err != nil {
			return err
		}
	}
	if err := v.deadLetters(bad); err != nil {
		return err
	}
	if v.keyed {
		return v.checkKeyUpdates()
	}
	return v.checkUpdates(ends)
}

// checkState: it is that of one pass in this process, to the bit.
func (v *verdict) checkState(p int, got stateOf, want *onePass) error {
	var one stateOf
	one.keys = map[string]*pipeline.KeyState{}
	for key, value := range want.state {
		if err := one.take(pipeline.Record{Key: []byte(key), Value: value}); err != nil {
			return err
		}
	}
	if v.keyed {
		v.checkKeyStates(p, got.keys, one.keys)
	}
	g, w := got.checkpoint, one.checkpoint
	if !bytes.Equal(g.Snapshot, w.Snapshot) || g.Position != w.Position || g.DeadLetters != w.DeadLetters {
		v.wrong("partition %d: the state at %d with %d dead letters is not that of one pass, at %d with %d, or its bits differ", p, g.Position, g.DeadLetters, w.Position, w.DeadLetters)
	}
	return nil
}

// checkReplay: what the pass says of the model, or of each key's, is what `streamfit replay` says of the rows in a file.
func (v *verdict) checkReplay(l *load, p int, messages []*kgo.Record, want *onePass) error {
	var values [][]byte
	for _, m := range messages {
		values = append(values, m.Value)
	}
	file := filepath.Join(v.s.t.TempDir(), "rows.arrows")
	if err := os.WriteFile(file, l.file(values), 0o600); err != nil {
		return err
	}
	replayed := map[string]string{}
	args := append([]string{"replay", "--name", model, "--target", "delay", "--features", "distance,time", "-o", "jsonl", "--set", fmt.Sprint("output.every_rows=", v.everyRows())}, v.settings()...)
	for line := range bytes.Lines(v.s.world.Must(append(args, file)...)) {
		key, said, err := withoutDeadLetters(v.s.t, line)
		if err != nil {
			return err
		}
		replayed[key] = said
	}
	if len(replayed) != len(want.output.kept) {
		v.wrong("partition %d: one pass knows %d models, a replay %d", p, len(want.output.kept), len(replayed))
	}
	for _, value := range want.output.kept {
		key, said, err := withoutDeadLetters(v.s.t, value)
		if err != nil {
			return err
		}
		if said != replayed[key] {
			v.wrong("partition %d: one pass says %s\nand a replay %s", p, said, replayed[key])
		}
		v.said[key] = said
		var u pipeline.Update
		if err := json.Unmarshal(value, &u); err != nil {
			return err
		}
		v.rows += int(u.Rows.Learned)
	}
	return nil
}

// withoutDeadLetters and position is what an update says of its model, whose key is given too.
func withoutDeadLetters(t testing.TB, raw []byte) (key, said string, err error) {
	var u pipeline.Update
	if err := json.Unmarshal(raw, &u); err != nil {
		return "", "", fmt.Errorf("%w: %s", err, raw)
	}
	u.DeadLetters = 0 // a file has none; of a key they are those that the partition had by then
	if raw, err = json.Marshal(u); err != nil {
		return "", "", err
	}
	if u.Key != nil {
		key = *u.Key
	}
	return key, programtest.WithoutPosition(t, raw), nil
}

// deadLetters are there for the messages that are no Arrow streams, with their coordinates and as they were, and for nothing else.
func (v *verdict) deadLetters(bad []*kgo.Record) error {
	want, seen := map[string]string{}, map[string]int{}
	for _, m := range bad {
		want[fmt.Sprint(m.Partition, "/", m.Offset)] = string(m.Value)
	}
	letters, err := v.read(v.s.world.DeadLetter)
	if err != nil {
		return err
	}
	for _, m := range letters {
		headers := map[string]string{}
		for _, h := range m.Headers {
			headers[h.Key] = string(h.Value)
		}
		at := headers[pipeline.HeaderPartition] + "/" + headers[pipeline.HeaderOffset]
		if value, ok := want[at]; !ok || value != string(m.Value) || headers[pipeline.HeaderTopic] != v.s.world.Input {
			v.wrong("a dead letter of %s is no bad message: %q", at, m.Value)
		}
		if seen[at]++; seen[at] > 1 {
			v.repeated++
			if v.exactlyOnce {
				v.wrong("the dead letter of %s is there %d times", at, seen[at])
			}
		}
	}
	for at := range want {
		if seen[at] == 0 {
			v.wrong("the message at %s is lost: it has no dead letter", at)
		}
	}
	v.letters = len(seen)
	return nil
}

// checkUpdates: the same position, the same bytes. Exactly once, each position is there once, and none goes back. The last update has seen everything.
func (v *verdict) checkUpdates(ends []int64) error {
	updates, err := v.read(v.s.world.Output)
	if err != nil {
		return err
	}
	at, last := map[string][]byte{}, map[string]int64{}
	var u pipeline.Update
	for n, m := range updates {
		u = pipeline.Update{}
		if err := json.Unmarshal(m.Value, &u); err != nil {
			return fmt.Errorf("update %d: %w", n, err)
		}
		position := u.Position[v.s.world.Input]
		key := fmt.Sprint(position)
		before, again := at[key]
		if again {
			v.repeated++
		}
		if again && !bytes.Equal(before, m.Value) {
			v.wrong("two updates at position %s:\n%s\n%s", key, before, m.Value)
		}
		if again && v.exactlyOnce {
			v.wrong("the update at position %s is there twice", key)
		}
		for p, offset := range position {
			if offset < last[p] && v.exactlyOnce {
				v.wrong("an update at position %s after one at %d of partition %s", key, last[p], p)
			}
			last[p] = max(last[p], offset)
		}
		at[key] = m.Value
	}
	v.updates = len(updates)
	for p, end := range ends {
		if got := u.Position[v.s.world.Input][strconv.Itoa(p)]; got != end {
			v.wrong("the last update is at %d of partition %d, which ends at %d", got, p, end)
		}
	}
	if u.Rows.Learned != uint64(v.rows) || u.DeadLetters != uint64(v.letters) {
		v.wrong("the last update has learned %d rows and %d dead letters, there are %d and %d", u.Rows.Learned, u.DeadLetters, v.rows, v.letters)
	}
	return nil
}

// read a topic of one partition, as a reader of committed records.
func (v *verdict) read(topic string) ([]*kgo.Record, error) {
	_, end, err := v.s.world.Cluster.Bounds(v.s.t.Context(), topic, 0)
	if err != nil {
		return nil, err
	}
	return committed(v.s.t, v.s.cluster.Brokers(), topic, 0, end), nil
}

// report the run in a line, and every mismatch.
func (v *verdict) report(l *load, seed uint64, took time.Duration) {
	s := v.s
	network := 0
	for f := range toxics {
		network += s.count[f]
	}
	s.t.Logf("seed %d, %s: %d kills, %d SIGTERM (%d unclean), %d zombies, %d starts, %d generations, %d fenced, %d broker kills, %d elections, %d network faults; "+
		"%d rows, %d dead letters, %d updates, %d repeated, %d of %d input transactions aborted; %d mismatches; %.0f s",
		seed, v.mode, s.count[kill], s.count[terminate], s.unclean, s.count[sleep], s.started, s.said("joined the group"), s.said("lost the partition"),
		s.count[killLeader]+s.count[killCoord], s.count[elect], network, v.rows, v.letters, v.updates, v.repeated, l.aborted, l.transactions, len(v.mismatches), took.Seconds())
	for _, m := range v.mismatches {
		s.t.Error(m)
	}
	for _, p := range s.programs {
		if said := p.Said(); strings.Contains(said, "panic:") {
			s.t.Errorf("an instance panicked: %s", said[max(0, len(said)-3000):])
		}
	}
}
