package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// partitions of one topic, each with a state of its own, and the log that they share.
type partitions struct {
	worlds []world
	shared memoryLog
}

// run the shard of a partition, in a process of its own.
func (p *partitions) run(t testing.TB, id int) error {
	t.Helper()
	w := &p.worlds[id]
	ports := w.ports()
	ports.Registry = NewKeyRegistry(w.cfg.Model.Name, &p.shared)
	s := NewShard(w.cfg, Partition{Topic: "rows", ID: id}, ports, &w.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	defer s.Close()
	return s.Run(t.Context())
}

// published keys of a partition.
func (p *partitions) published(t testing.TB, id int) []string {
	t.Helper()
	var keys []string
	for _, r := range p.worlds[id].output.records {
		var u Update
		if err := json.Unmarshal(r.Value, &u); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, *u.Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestKeysOfSeveralPartitionsLiveBesideEachOther(t *testing.T) {
	p := partitions{worlds: make([]world, 2)}
	for id := range p.worlds {
		rows := makeKeyedTable(300, 4, uint64(id))
		for i := range rows.key {
			rows.key[i] = fmt.Sprintf("%s of %d", rows.key[i], id)
		}
		p.worlds[id] = world{cfg: keyedConfig(), source: memorySource{messages: rows.every(t, 50)}}
	}
	for range 2 { // and once more, after a restart with nothing new
		for id := range p.worlds {
			if err := p.run(t, id); err != nil {
				t.Fatal(err)
			}
			if n := len(p.published(t, id)); n != 4 {
				t.Errorf("partition %d published %d keys, want 4", id, n)
			}
		}
	}
}

// The partition that had the key first keeps it; the other says what is wrong before a second model has gone by its name, and says it again when started again.
func TestAKeyThatComesInThroughTwoPartitionsIsRefused(t *testing.T) {
	first, second := makeKeyedTable(300, 3, 1), makeKeyedTable(300, 3, 2)
	for i := range second.key {
		second.key[i] += " elsewhere"
	}
	second.key[260] = first.key[0]
	p := partitions{worlds: []world{
		{cfg: keyedConfig(), source: memorySource{messages: first.every(t, 50)}}, {cfg: keyedConfig(), source: memorySource{messages: second.every(t, 50)}},
	}}
	if err := p.run(t, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := p.run(t, 1)
		var shared *SharedKeyError
		if !errors.As(err, &shared) || shared.Key != first.key[0] || shared.Home != 0 || shared.Other != 1 || !strings.Contains(err.Error(), "the message's key") {
			t.Fatalf("got error %v", err)
		}
		if slices.Contains(p.published(t, 1), first.key[0]) {
			t.Errorf("two models of key %s are published", first.key[0])
		}
	}
	if err := p.run(t, 0); err != nil {
		t.Errorf("the partition that has the key: %v", err)
	}
}

func TestTwoKeysOfOneHashAreTwoKeys(t *testing.T) {
	log := &memoryLog{}
	r := NewKeyRegistry("m", log)
	if err := r.announce(t.Context(), Partition{"rows", 1}, 1, 1, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	for hash := range r.home {
		r.home[hash] = 0 // as if another key of partition 0 had its hash
	}
	if err := r.announce(t.Context(), Partition{"rows", 1}, 1, 2, []string{"a"}); err != nil {
		t.Error(err)
	}
}

// When a topic is made again with other partitions, keys move. Starting over voids what was announced before, in all partitions.
func TestStartingOverVoidsWhichPartitionHadAKey(t *testing.T) {
	first, second := makeKeyedTable(300, 3, 1), makeKeyedTable(300, 3, 2)
	for i := range second.key {
		second.key[i] += " elsewhere"
	}
	p := partitions{worlds: []world{
		{cfg: keyedConfig(), source: memorySource{messages: first.every(t, 50)}}, {cfg: keyedConfig(), source: memorySource{messages: second.every(t, 50)}},
	}}
	over := [2]bool{}
	for round := range 3 { // the second time the partitions have each other's keys, and both start over; then they go on
		registry := NewKeyRegistry(p.worlds[0].cfg.Model.Name, &p.shared)
		for id := range p.worlds {
			w := &p.worlds[id]
			if round == 1 {
				w.source = memorySource{messages: p.worlds[1-id].source.messages}
				over[id] = true
				if id == 1 {
					w.source = memorySource{messages: first.every(t, 50)}
				}
				w.startOver = &over[id]
			}
			ports := w.ports()
			ports.Registry = registry
			if err := NewShard(w.cfg, Partition{Topic: "rows", ID: id}, ports, &w.board, NewMetrics(prometheus.NewRegistry()), zerolog.Nop()).Run(t.Context()); err != nil {
				t.Fatalf("round %d, partition %d: %v", round, id, err)
			}
		}
	}
	p.worlds[0].source = memorySource{messages: first.every(t, 50)} // the keys are partition 1's now
	over[0] = false
	p.worlds[0].state = memoryLog{}
	var shared *SharedKeyError
	if err := p.run(t, 0); !errors.As(err, &shared) || shared.Home != 1 {
		t.Errorf("error %v, want one that partition 1 has the key", err)
	}
}

// Keys that a shard takes up from its state, as when a second partition was just added, are announced when it starts.
func TestKeysOfTheStateAreAnnounced(t *testing.T) {
	rows := makeKeyedTable(300, 3, 1)
	p := partitions{worlds: []world{
		{cfg: keyedConfig(), source: memorySource{messages: rows.every(t, 50)}}, {cfg: keyedConfig(), source: memorySource{messages: rows.every(t, 50)}},
	}}
	p.worlds[0].mustRun(t) // alone: nobody else could have its keys
	last := numbered(append(rows.every(t, 50), makeKeyedTable(10, 3, 2).every(t, 50)...))
	p.worlds[0].source = memorySource{messages: last}
	if err := p.run(t, 0); err != nil {
		t.Fatal(err)
	}
	var shared *SharedKeyError
	if err := p.run(t, 1); !errors.As(err, &shared) || shared.Home != 0 || len(p.published(t, 1)) > 0 {
		t.Errorf("error %v, and %d keys are published", err, len(p.published(t, 1)))
	}
}
