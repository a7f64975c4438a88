package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/streamfit/streamfit/pipeline"
)

// checkKeys refuses what one model has and a model per key has not.
func (r *replayCmd) checkKeys(cfg pipeline.Config) error {
	if cfg.Model.Scope != "key" {
		return nil
	}
	var faults []error
	refuse := func(given bool, flag, why string) {
		if given {
			faults = append(faults, &usageError{fmt.Errorf("%s: %s", flag, why)})
		}
	}
	refuse(r.Passes > 1, "--passes", "a model per key learns its rows once; leave --passes or --key out")
	refuse(r.Holdout != "", "--holdout", "no rows are held out of a model per key; leave --holdout or --key out")
	refuse(r.Plot != "", "--plot", "a model per key has no one figure; leave --plot or --key out")
	refuse(cfg.Model.Key == pipeline.KeyOfMessage, "--key", "files have no message keys: name a column")
	return errors.Join(faults...)
}

// writeKeys writes the final model of every key: one record per line in the order of the keys, one list of them, or a table of the worst.
func (p *replay) writeKeys(out io.Writer, form string) error {
	defer p.shard.Close()
	encoder := json.NewEncoder(out)
	switch form {
	case "jsonl":
		return p.shard.EachKey(func(u *pipeline.Update) error { return encoder.Encode(u) })
	case "json":
		all := []*pipeline.Update{}
		if err := p.shard.EachKey(func(u *pipeline.Update) error { all = append(all, u); return nil }); err != nil {
			return err
		}
		return encoder.Encode(all)
	}
	worst, err := p.shard.WorstKeys(screenful)
	return errors.Join(err, writeKeysTable(out, p.cfg.Model, p.shard.KeySummary(), worst))
}

// refusedSentence says how many rows had no key that can be used, and why; empty if none.
func refusedSentence(refused map[string]uint64) string {
	text := ""
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		if text != "" {
			text += ", "
		}
		text += plural(int(refused[reason]), "row") + " " + keyReasons[reason]
	}
	return text
}

var keyReasons = map[string]string{
	"key_null": "without a key", "key_long": "with a key beyond input.limits.key_bytes", "key_text": "with a key that is not UTF-8",
	"key_limit": "of keys beyond model.max_keys",
}
