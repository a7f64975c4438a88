//go:build unix

package chaos

import (
	"strconv"

	"github.com/streamfit/streamfit/pipeline"
)

// mode of a run, from its seed.
type mode struct {
	exactlyOnce bool // updates, state and dead letters in transactions
	keyed       bool // a model per key, most of which are not in memory
	nodes       int  // of the cluster
}

// modeOf a seed: of ten in a row each second one is exactly once; four have a model per key, and two a cluster of two nodes only, where nothing goes on without both.
func modeOf(seed uint64) mode {
	m := mode{exactlyOnce: seed%2 == 0, nodes: 3}
	switch seed % 5 {
	case 0, 4:
		m.keyed = true
	case 3:
		m.nodes = 2
	}
	return m
}

func (m mode) String() string {
	out := "at least once"
	if m.exactlyOnce {
		out = "exactly once"
	}
	if m.keyed {
		out += ", a model per key"
	}
	return out + ", " + strconv.Itoa(m.nodes) + " nodes"
}

const (
	model   = "delays"
	keyName = "device"
	keys    = 40 // of each partition
	hotKeys = 10 // of a shard in memory
)

// everyRows of a model there is an update.
func (m mode) everyRows() int {
	if m.keyed {
		return 100
	}
	return 1000
}

// settings that runs and replays have in common.
func (m mode) settings() []string {
	if m.keyed {
		return []string{"--key", keyName, "--set", "state.hot_keys=" + strconv.Itoa(hotKeys)}
	}
	return nil
}

// args of a run.
func (m mode) args() []string {
	args := append([]string{"--every-rows", strconv.Itoa(m.everyRows())}, m.settings()...)
	if m.exactlyOnce {
		args = append(args, "--exactly-once")
	}
	return args
}

// config of one pass in this process.
func (m mode) config() pipeline.Config {
	cfg := pipeline.DefaultConfig()
	cfg.Output.EveryRows = int64(m.everyRows())
	if m.keyed {
		cfg.Model.Scope, cfg.Model.Key = "key", keyName
	}
	return cfg
}
