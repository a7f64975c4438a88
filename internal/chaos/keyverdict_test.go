//go:build unix

package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/streamfit/streamfit/pipeline"
)

// publishedKeys gives the position of each partition if the newest update of every key has learned what its state has; else -1.
func publishedKeys(newest []stateOf, updates []*kgo.Record) (published []int64, err error) {
	learned := map[string]uint64{}
	for _, m := range updates {
		var u pipeline.Update
		if err := json.Unmarshal(m.Value, &u); err != nil {
			return nil, err
		}
		learned[*u.Key] = max(learned[*u.Key], u.Rows.Learned)
	}
	for _, s := range newest {
		at := int64(-1)
		if s.checkpoint != nil {
			at = s.checkpoint.Position
		}
		for _, k := range s.keys {
			if learned[k.Key] != k.Learned {
				at = -1
			}
		}
		published = append(published, at)
	}
	return published, nil
}

// checkKeyStates: every key has its model, with the bits of one pass.
func (v *verdict) checkKeyStates(p int, got, want map[string]*pipeline.KeyState) {
	if len(got) != len(want) {
		v.wrong("partition %d: the state has %d keys, one pass %d", p, len(got), len(want))
	}
	for name, w := range want {
		switch g := got[name]; {
		case g == nil:
			v.wrong("partition %d: key %s has no state", p, name)
		case g.Learned != w.Learned || !bytes.Equal(g.State, w.State):
			v.wrong("partition %d: the state of key %s, of %d rows at %d, is not that of one pass, of %d rows at %d, or its bits differ", p, name, g.Learned, g.Position, w.Learned, w.Position)
		}
	}
}

// checkKeyUpdates: of a key, the same position, the same bytes, and the one that has learned most says what one pass says; every update that rows call for is there.
// Exactly once, each is there once, and none of a key goes back.
func (v *verdict) checkKeyUpdates() error {
	updates, err := v.read(v.s.world.Output)
	if err != nil {
		return err
	}
	at, most, said := map[string][]byte{}, map[string]uint64{}, map[string]string{}
	for n, m := range updates {
		var u pipeline.Update
		if err := json.Unmarshal(m.Value, &u); err != nil || u.Key == nil {
			return fmt.Errorf("update %d: %w: %s", n, err, m.Value)
		}
		place := v.place(&u)
		before, again := at[place]
		if again {
			v.repeated++
		}
		if again && (v.exactlyOnce || !bytes.Equal(before, m.Value)) {
			v.wrong("two updates of %s:\n%s\n%s", place, before, m.Value)
		}
		at[place] = m.Value
		if u.Rows.Learned < most[*u.Key] {
			if v.exactlyOnce {
				v.wrong("an update of %s has %d rows, one before it %d", place, u.Rows.Learned, most[*u.Key])
			}
			continue
		}
		most[*u.Key] = u.Rows.Learned
		if _, said[*u.Key], err = withoutDeadLetters(v.s.t, m.Value); err != nil {
			return err
		}
	}
	v.updates = len(updates)
	for place, want := range v.byRows {
		if got := at[place]; !bytes.Equal(got, want) {
			v.wrong("the update of %s, which rows called for, is\n%s\nwhere one pass says\n%s", place, got, want)
		}
	}
	for key, want := range v.said {
		if said[key] != want {
			v.wrong("the newest update of key %s says %s\nand one pass %s", key, said[key], want)
		}
	}
	return nil
}

// place of a key's update: there is one for each key and position.
func (v *verdict) place(u *pipeline.Update) string {
	return fmt.Sprint(*u.Key, " at ", u.Position[v.s.world.Input])
}

// expect the updates that rows call for before the end of a partition. Those of its end are the clock's in a run that goes on.
func (v *verdict) expect(updates [][]byte, p int, end int64) error {
	for _, value := range updates {
		var u pipeline.Update
		if err := json.Unmarshal(value, &u); err != nil {
			return err
		}
		if u.Position[v.s.world.Input][strconv.Itoa(p)] < end {
			v.byRows[v.place(&u)] = value
		}
	}
	return nil
}
