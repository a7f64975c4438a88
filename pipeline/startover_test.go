package pipeline

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// State that cannot be gone on from can be voided, when somebody says so: then the rows are learned from the beginning. What was voided stays in the topic
// until it is compacted, and is no hindrance to later owners, nor can its zombies win.
func TestStartingOverVoidsWhatIsThere(t *testing.T) {
	messages := makeTable(2000, 3).every(t, 100)
	for name, spoil := range map[string]func(*world){
		"damaged": func(w *world) { lastValue(w).Value[40] ^= 1 },
		"all damaged": func(w *world) {
			for _, r := range w.state.records {
				if r.Value != nil {
					r.Value[40] ^= 1
				}
			}
		},
		"other model":   func(w *world) { w.cfg.Model.HalfLife.Rows = 1000 },
		"another topic": func(w *world) { w.topicID = "made again" },
		"nothing wrong": func(*world) {},
		"nothing there": func(w *world) { w.state.records = nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := world{cfg: testConfig(), source: memorySource{messages: messages[:10]}, topicID: "first"}
			w.mustRun(t)
			w.mustRun(t) // two epochs
			zombie := *lastValue(&w)
			zombie.Value = bytes.Clone(zombie.Value)
			spoil(&w)
			w.source = memorySource{messages: messages}
			again := world{cfg: w.cfg, source: w.source, topicID: w.topicID}
			again.mustRun(t) // what a start from nothing gives

			over := true
			w.startOver = &over
			w.output.records = nil
			w.mustRun(t)
			if over {
				t.Error("it was not done, or it would be done again after the next rebalance")
			}
			w.state.records = append(w.state.records, zombie)
			w.startOver = nil
			w.mustRun(t) // the next owner finds the voided records, and a zombie's
			if got, want := w.output.newest(), again.output.newest(); !bytes.Equal(got, want) {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

// A topic of the same name is not the same topic: its offsets mean other rows, however many there are.
func TestATopicThatWasMadeAgainIsAnError(t *testing.T) {
	messages := makeTable(2000, 3).every(t, 100)
	w := world{cfg: testConfig(), source: memorySource{messages: messages[:10]}, topicID: "first"}
	w.mustRun(t)
	w.source, w.topicID = memorySource{messages: messages}, "second"
	if err := w.run(t); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "deleted and made again") || !strings.Contains(err.Error(), "--reset-state") {
		t.Errorf("error %v", err)
	}
	w.topicID = "" // a broker that gives no ids
	w.mustRun(t)
}

// An empty state topic beside a group that has come some way: the state is gone, and that is said.
func TestStateThatIsGoneIsAnError(t *testing.T) {
	w := world{cfg: testConfig(), source: memorySource{messages: makeTable(2000, 3).every(t, 100)}}
	w.committed = 7
	if err := w.run(t); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "position 7") {
		t.Errorf("error %v", err)
	}
	over := true
	w.startOver = &over
	w.mustRun(t)
	w.mustRun(t)
}

// lastValue is the newest state record that is no tombstone.
func lastValue(w *world) *Record {
	for i := len(w.state.records) - 1; ; i-- {
		if w.state.records[i].Value != nil {
			return &w.state.records[i]
		}
	}
}
