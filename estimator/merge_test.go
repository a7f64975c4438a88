package estimator

import (
	"math"
	"testing"
)

// The merge of 8 shards, of sizes as partitions have them, errs as one pass over all rows errs, and says how much as it does. Over 20 streams of 40,000 rows.
// The intervals of asgd are longer, for its shards have taken shorter paths, and are honest about that.
func TestMergedShardsErrAsOnePass(t *testing.T) {
	const streams, rows, features = 20, 40_000, 3
	ends := []int{0, 2000, 4000, 7000, 11_000, 16_000, 22_000, 30_000, rows}
	for name, c := range map[string]struct {
		config       Config
		worse, other float64 // the most that the root mean square error, and the standard errors, may be off
	}{
		"newton": {newtonConfig(features), 0.02, 0.02},
		"asgd":   {asgdConfig(features), 0.05, 0.4},
	} {
		t.Run(name, func(t *testing.T) {
			var one, merged, errors float64 // Σ (error/se of one pass)², Σ se/se of one pass
			n := 0.0
			for seed := range uint64(streams) {
				stream := clean(100+seed, features, rows)
				whole := newModel(t, c.config)
				whole.Learn(nil, stream)
				var shards []*Linear
				for k, end := range ends[1:] {
					shard := newModel(t, c.config)
					shard.Learn(nil, part(stream, ends[k], end))
					shards = append(shards, shard)
				}
				m, err := Merge(shards...)
				if err != nil {
					t.Fatal(err)
				}
				want, got := whole.Report(), m.Report()
				for j := range features {
					truth, se := 1/float64(1+j), want.Coefficients[j].SE
					apart, off := (want.Coefficients[j].Value-truth)/se, (got.Coefficients[j].Value-truth)/se
					one += apart * apart
					merged += off * off
					errors += got.Coefficients[j].SE / se
					n++
				}
			}
			ratio, ses := math.Sqrt(merged/one), errors/n
			t.Logf("root mean square error %.4f of one pass, standard errors %.4f", ratio, ses)
			if ratio > 1+c.worse {
				t.Errorf("the root mean square error is %.4f of that of one pass", ratio)
			}
			if math.Abs(ses-1) > c.other {
				t.Errorf("the standard errors are %.4f of those of one pass", ses)
			}
		})
	}
}
