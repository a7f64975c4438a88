package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

// What is printed agrees with the truth, outliers or not: the intervals hold it, and the prediction is within a tenth of a degree.
func TestTheSensorIsCalibrated(t *testing.T) {
	var out bytes.Buffer
	if err := calibrate(&out); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(out.String()) {
		var name string
		var truth, learned, low, high float64
		if n, _ := fmt.Sscanf(line, "%s %f %f %f … %f", &name, &truth, &learned, &low, &high); n != 5 {
			continue
		}
		rows++
		if low > truth || truth > high || math.Abs(learned-truth) > 0.1 {
			t.Errorf("%s: learned %v in %v … %v, the truth is %v", name, learned, low, high, truth)
		}
	}
	if rows != 3 || !strings.Contains(out.String(), "stored after 5000 rows") || !strings.Contains(out.String(), "10000 rows learned") {
		t.Errorf("printed\n%s", out.String())
	}
	var got, truth float64
	last := out.String()[strings.Index(out.String(), "means"):]
	if _, err := fmt.Sscanf(last, "means %f degrees; the truth is %f", &got, &truth); err != nil || math.Abs(got-truth) > 0.1 {
		t.Errorf("predicted %v, want %v (%v)", got, truth, err)
	}
}
