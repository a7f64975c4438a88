//go:build unix

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/internal/programtest"
	"github.com/streamfit/streamfit/pipeline"
)

// verdict compares what the system has come to with one uninterrupted pass over the messages that were committed to its input.
type verdict struct {
	s           *system
	exactlyOnce bool
	partitions  int

	rows, letters, updates, repeated int
	mismatches                       []string
}

func (v *verdict) wrong(format string, args ...any) {
	v.mismatches = append(v.mismatches, fmt.Sprintf(format, args...))
}

// newest checkpoint of each partition, as a restart would take it up: the highest epoch's last.
func (v *verdict) newest(ctx context.Context) (map[int]*pipeline.Checkpoint, error) {
	out := map[int]*pipeline.Checkpoint{}
	for p := range v.partitions {
		_, err := v.s.world.Cluster.OpenStateLog(v.s.world.State, p).Replay(ctx, 0, func(_ int64, r pipeline.Record) error {
			if r.Value == nil {
				return nil
			}
			c, err := pipeline.ParseCheckpoint(bytes.Clone(r.Value))
			if err == nil && (out[p] == nil || c.Epoch >= out[p].Epoch) {
				out[p] = c
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
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
	var u pipeline.Update
	if len(updates) > 0 {
		if err := json.Unmarshal(updates[len(updates)-1].Value, &u); err != nil {
			return nil, nil, err
		}
	}
	for p := range v.partitions {
		at := int64(-1)
		if c := newest[p]; c != nil {
			at = c.Position
		}
		state = append(state, at)
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
		if err := v.shard(ctx, l, p, messages, newest[p], ends[p]); err != nil {
			return err
		}
	}
	if err := v.deadLetters(bad); err != nil {
		return err
	}
	return v.checkUpdates(ends)
}

// shard's state is that of one pass in this process, to the bit, and what that pass says of it is what `streamfit replay` says of the rows in a file.
func (v *verdict) shard(ctx context.Context, l *load, p int, messages []*kgo.Record, got *pipeline.Checkpoint, end int64) error {
	want, update, err := v.onePass(ctx, p, messages, end)
	if err != nil {
		return err
	}
	v.rows += int(update.Rows.Learned)
	if !bytes.Equal(got.Snapshot, want.Snapshot) || got.Position != want.Position || got.DeadLetters != want.DeadLetters {
		v.wrong("partition %d: the state at %d with %d dead letters is not that of one pass, at %d with %d, or its bits differ", p, got.Position, got.DeadLetters, want.Position, want.DeadLetters)
	}
	var values [][]byte
	for _, m := range messages {
		values = append(values, m.Value)
	}
	file := filepath.Join(v.s.t.TempDir(), "rows.arrows")
	if err := os.WriteFile(file, l.file(values), 0o600); err != nil {
		return err
	}
	update.DeadLetters = 0 // the file has none
	raw, err := json.Marshal(update)
	if err != nil {
		return err
	}
	replayed := v.s.world.Replayed(file, "--set", "output.every_rows="+everyRows)
	if a, b := programtest.WithoutPosition(v.s.t, raw), programtest.WithoutPosition(v.s.t, replayed); a != b {
		v.wrong("partition %d: one pass says %s\nand a replay %s", p, a, b)
	}
	return nil
}

// onePass over messages in memory, by the code that runs live.
func (v *verdict) onePass(ctx context.Context, p int, messages []*kgo.Record, end int64) (c *pipeline.Checkpoint, u *pipeline.Update, err error) {
	cfg := pipeline.DefaultConfig()
	cfg.Model.Name, cfg.Model.Target, cfg.Model.Features = "delays", "delay", []string{"distance", "time"}
	cfg.Input.Topic, cfg.Input.Group = v.s.world.Input, v.s.world.Group
	cfg.Output.EveryRows, _ = strconv.ParseInt(everyRows, 10, 64)
	var state, output, letters kept
	ports := pipeline.Ports{
		Start:  func(context.Context) (int64, error) { return 0, nil },
		Open:   func(context.Context, int64) (pipeline.Source, error) { return &pass{messages: messages, end: end}, nil },
		Output: &output, DeadLetters: &letters, Store: &state,
	}
	shard := pipeline.NewShard(cfg, pipeline.Partition{Topic: cfg.Input.Topic, ID: p}, ports, &pipeline.Board{}, pipeline.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	if err := shard.Run(ctx); err != nil {
		return nil, nil, err
	}
	if c, err = pipeline.ParseCheckpoint(state.last); err != nil {
		return nil, nil, err
	}
	u = new(pipeline.Update)
	return c, u, json.Unmarshal(output.last, u)
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

// pass hands out messages once.
type pass struct {
	messages []*kgo.Record
	end      int64
}

func (p *pass) Fetch(context.Context) (pipeline.Fetched, error) {
	if p.messages == nil {
		return pipeline.Fetched{}, io.EOF
	}
	run := pipeline.Fetched{Next: p.end, End: p.end}
	for _, m := range p.messages {
		run.Messages = append(run.Messages, pipeline.Message{Offset: m.Offset, Key: m.Key, Value: m.Value, Time: m.Timestamp.UnixMilli()})
	}
	p.messages = nil
	return run, nil
}

func (p *pass) Close() error { return nil }

// kept is the last value that is written to it.
type kept struct{ last []byte }

func (m *kept) Write(_ context.Context, records ...pipeline.Record) error {
	for _, r := range records {
		m.last = r.Value
	}
	return nil
}

func (m *kept) Replay(context.Context, int64, func(int64, pipeline.Record) error) (int64, error) {
	return 0, nil
}

// report the run in a line, and every mismatch.
func (v *verdict) report(l *load, seed uint64, took time.Duration) {
	s, mode := v.s, "at least once"
	if v.exactlyOnce {
		mode = "exactly once"
	}
	network := 0
	for f := range toxics {
		network += s.count[f]
	}
	s.t.Logf("seed %d, %s: %d kills, %d SIGTERM (%d unclean), %d zombies, %d starts, %d generations, %d fenced, %d broker kills, %d elections, %d network faults; "+
		"%d rows, %d dead letters, %d updates, %d repeated, %d of %d input transactions aborted; %d mismatches; %.0f s",
		seed, mode, s.count[kill], s.count[terminate], s.unclean, s.count[sleep], s.started, s.said("joined the group"), s.said("lost the partition"),
		s.count[killLeader]+s.count[killCoord], s.count[elect], network, v.rows, v.letters, v.updates, v.repeated, l.aborted, l.transactions, len(v.mismatches), took.Seconds())
	for _, m := range v.mismatches {
		s.t.Error(m)
	}
}
