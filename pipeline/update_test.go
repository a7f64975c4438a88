package pipeline

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/estimator"
)

func testReport() estimator.Report {
	return estimator.Report{
		Solver: "newton", Status: estimator.StatusOK,
		Rows:         estimator.Rows{Learned: 200000, Outliers: 23110, Guarded: 12, Skipped: [...]uint64{1, 3, 2, 4}},
		Intercept:    estimator.Coefficient{Value: 3.1, SE: 0.05, Low: 3, High: 3.2},
		Coefficients: []estimator.Coefficient{{Name: "z\"é", Value: 1e-7, SE: math.NaN(), Low: math.NaN(), High: math.NaN()}, {Name: "a", Value: 1.0 / 3, SE: 1, Low: -2, High: 1e21}},
		Scale:        15.4, Delta: math.NaN(),
		Loss:      estimator.Metrics{Name: "huber", Mean: 61.2, SinceLast: 60.8, Window: 60.9, MAE: 17, RMSE: 31.8, Baseline: 62},
		Effective: 1234.5,
		Drift:     estimator.Drift{Statistic: math.NaN(), LastAlarmRow: -1, Size: math.NaN()},
	}
}

// The record is a contract: names, order and number forms are compared letter by letter.
func TestUpdateRecordIsTheContract(t *testing.T) {
	u := newUpdate("delays", testReport())
	u.Seq, u.DeadLetters = 42, 5
	u.Position = map[string]map[string]int64{"flights": {"0": 200}}
	u.EventTime = formatEventTime(985996740)
	got, err := json.Marshal(&u)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"v":1,"model":"delays","key":null,"seq":42,"solver":"newton","status":"ok",` +
		`"rows":{"learned":200000,"outliers":23110,"guarded":12,"skipped":{"null":1,"nonfinite":3,"weight":2,"range":4},"effective":1234.5},"dead_letters":5,` +
		`"position":{"flights":{"0":200}},"event_time":"2001-03-30T23:59:00Z",` +
		`"intercept":{"value":3.1,"se":0.05,"lo":3,"hi":3.2},` +
		`"coefficients":{"z\"é":{"value":1e-7,"se":null,"lo":null,"hi":null},"a":{"value":0.3333333333333333,"se":1,"lo":-2,"hi":1e+21}},` +
		`"scale":15.4,"delta":null,` +
		`"loss":{"name":"huber","mean":61.2,"since_last":60.8,"window":60.9,"mae":17,"rmse":31.8,"baseline":62},` +
		`"drift":{"statistic":null,"alarm":false,"last_alarm_row":null,"last_alarm_time":null,"kind":null,"feature":null,"size":null,"alarms":{"jump":0,"slope":0,"variance":0}}}`
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	var back Update
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(u, back, cmp.Comparer(func(a, b Number) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) })); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
}

func TestTheTrendOfAnUpdateIsTheContract(t *testing.T) {
	c := func(v float64) estimator.Coefficient {
		return estimator.Coefficient{Value: v, SE: 0.5, Low: v - 1, High: v + 1}
	}
	got, err := json.Marshal(trendUpdate(&estimator.TrendReport{
		Time: 985996740, Level: c(20), Slope: c(0.25), Season: []estimator.SeasonReport{{Period: 86400, Amplitude: c(3), Phase: 0.5, Peak: 985953600}},
		Forecast: &estimator.Forecast{Time: 985996800, Value: 21, Low: 19, High: 23}, LastResidual: math.NaN(),
	}, 3600))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"time":"2001-03-30T23:59:00Z","level":{"value":20,"se":0.5,"lo":19,"hi":21},"slope":{"value":0.25,"se":0.5,"lo":-0.75,"hi":1.25,"unit":"1h"},` +
		`"season":[{"period":"24h","amplitude":3,"se":0.5,"phase":0.5,"peak":"2001-03-30T12:00:00Z"}],` +
		`"forecast":{"time":"2001-03-31T00:00:00Z","value":21,"lo":19,"hi":23},"last_residual_sigma":null}`
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestEventTime(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "1970-01-01T00:00:00Z", -0.5: "1969-12-31T23:59:59.5Z", 1.7e9 + 0.25: "2023-11-14T22:13:20.25Z", -62135596800: "0001-01-01T00:00:00Z",
	} {
		if got := formatEventTime(seconds); got == nil || *got != want {
			t.Errorf("%v: got %v, want %s", seconds, got, want)
		}
	}
	for _, seconds := range []float64{math.NaN(), 1e300, -1e300, 253402300800} {
		if got := formatEventTime(seconds); got != nil {
			t.Errorf("%v: got %s, want none", seconds, *got)
		}
	}
}

// What a reader of updates takes, whoever wrote it, can be written again and reads back the same.
func FuzzUpdate(f *testing.F) {
	w := world{cfg: testConfig(), source: memorySource{messages: makeTable(1500, 31).every(f, 500)}}
	w.mustRun(f)
	for _, r := range w.output.records {
		f.Add(r.Value)
	}
	f.Add([]byte(`{"v":1,"coefficients":{"a":{"value":null},"a":{"value":1e308}},"position":{"t":{"0":-1}},"event_time":"x"}`))
	f.Add([]byte(`{"v":2,"key":"k","coefficients":null,"loss":{"mean":-0},"drift":{"last_alarm_row":18446744073709551615}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		var u, again Update
		if json.Unmarshal(value, &u) != nil {
			return
		}
		first, err := json.Marshal(u)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, first)
		}
		second, err := json.Marshal(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}

func TestSequencesAreAddedWhereTheyAreAskedFor(t *testing.T) {
	r := testReport()
	r.Solver, r.Rows.Learned = "newton", 10_000
	u := newUpdate("delays", r)
	plain, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(plain), "sequence") {
		t.Errorf("a sequence that nobody asked for: %s", plain)
	}
	u.addSequences(r)
	low, high := estimator.Sequence(r.Intercept, 10_000)
	if got := u.Intercept; float64(*got.SequenceLow) != low || float64(*got.SequenceHigh) != high || !(low < r.Intercept.Low && high > r.Intercept.High) {
		t.Errorf("intercept %+v, want %v to %v", got, low, high)
	}
	r.Solver = "asgd"
	u.addSequences(r)
	if line, err := json.Marshal(u); err != nil || !strings.Contains(string(line), `"sequence_lo":null`) {
		t.Errorf("asgd has no sequence: %s, %v", line, err)
	}
}
