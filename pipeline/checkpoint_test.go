package pipeline

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCheckpointRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := Checkpoint{
			V: checkpointVersion, Group: rapid.String().Draw(rt, "group"), Model: rapid.String().Draw(rt, "model"), Topic: "t", Partition: 3,
			Epoch: rapid.Uint64().Draw(rt, "epoch"), Position: rapid.Int64().Draw(rt, "position"), DeadLetters: 4,
			Snapshot: rapid.SliceOf(rapid.Byte()).Draw(rt, "snapshot"),
		}
		if rapid.Bool().Draw(rt, "has event time") {
			c.EventTime = ptr(rapid.Float64().Draw(rt, "event time"))
		}
		value, err := c.appendRecord([]byte("before"))
		if err != nil {
			rt.Fatal(err)
		}
		got, err := parseCheckpoint(value[len("before"):])
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(&c, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestEveryDamagedBitOfACheckpointIsFound(t *testing.T) {
	c := Checkpoint{V: checkpointVersion, Model: "m", Epoch: 7, Position: 1234, Snapshot: []byte("snapshot\nwith a line end")}
	value, err := c.appendRecord(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range value {
		for bit := range 8 {
			value[i] ^= 1 << bit
			if _, err := parseCheckpoint(value); !errors.Is(err, ErrCheckpoint) {
				t.Errorf("byte %d, bit %d: got error %v", i, bit, err)
			}
			value[i] ^= 1 << bit
		}
	}
	for cut := range value {
		if _, err := parseCheckpoint(value[:cut]); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("cut to %d bytes: got error %v", cut, err)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	c := Checkpoint{V: checkpointVersion, Model: "m", Snapshot: []byte("s")}
	value, err := c.appendRecord(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Fuzz(func(t *testing.T, value []byte) {
		c, err := parseCheckpoint(value)
		if err != nil {
			return
		}
		if _, err := c.appendRecord(nil); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
