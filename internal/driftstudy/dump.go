package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/streamfit/streamfit/estimator"
)

// dump writes the residuals that a detector sees, from the end of the warm-up on, for others to be tried on: little-endian float64 in units of σ, one file a
// stream, named by its noise, its change and its seed.
func dump(dir string, s study) error {
	for i, n := range noises {
		if n.from > 0 {
			continue
		}
		if err := dumpStream(filepath.Join(dir, fmt.Sprintf("quiet-%d.f64", i)), newStream(1000, n, change{}, 1<<60, s.features), s.rows/10+warmUp); err != nil {
			return err
		}
		for j, c := range changes {
			for k := range s.repeats {
				name := filepath.Join(dir, fmt.Sprintf("change-%d-%d-%d.f64", i, j, k))
				if err := dumpStream(name, newStream(uint64(k)+5000, n, c, s.at, s.features), s.at+patience); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const warmUp = 1024

func dumpStream(name string, s *stream, rows int) error {
	m, err := newModel("newton", s.features)
	if err != nil {
		return err
	}
	var residuals []float64
	m.Watch(func(p estimator.Predicted) {
		for i, y := range p.Target {
			residuals = append(residuals, y-p.Prediction[i])
		}
	})
	for done := 0; done < rows; done += batch {
		m.Learn(nil, s.next(batch))
	}
	var out bytes.Buffer
	if err := binary.Write(&out, binary.LittleEndian, residuals[warmUp:]); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o600)
}
