// Go-estimator uses the estimator alone, without Kafka: it calibrates a cheap temperature sensor against a reference while the readings come in.
//
//	go run ./examples/go-estimator
//
// The sensor reads a little low, the more so the damper it is; one reference value in five is off by up to 40 degrees. The model that is fitted
// turns what the sensor says back into degrees, with an error bar on every coefficient.
package main

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"

	"github.com/streamfit/streamfit/estimator"
)

// What the sensor does to the truth: temperature = offset + gain × reading + damp × humidity.
const (
	offset = 1.5
	gain   = 1.03
	damp   = 0.02
)

func main() {
	if err := calibrate(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// calibrate learns batch after batch, stores the model half-way as a program that is stopped would, and prints what it found.
func calibrate(w io.Writer) error {
	cfg := estimator.DefaultConfig()
	cfg.Features = []string{"reading", "humidity"}
	model, err := estimator.New(cfg)
	if err != nil {
		return err
	}
	readings := rand.New(rand.NewPCG(1, 2))
	for batch := range 20 {
		if batch == 10 {
			if model, err = storeAndRestore(w, model); err != nil {
				return err
			}
		}
		model.Learn(nil, observe(readings, 500))
	}
	report(w, model.Report())
	predict(w, model)
	return nil
}

// observe makes n readings beside the reference's temperature, column by column, as the estimator takes them.
func observe(r *rand.Rand, n int) estimator.Columns {
	reading, humidity, temperature := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		reading[i], humidity[i] = 15+10*r.Float64(), 30+50*r.Float64()
		temperature[i] = offset + gain*reading[i] + damp*humidity[i] + 0.2*r.NormFloat64()
		if r.Float64() < 0.2 {
			temperature[i] += 80 * (r.Float64() - 0.5)
		}
	}
	return estimator.Columns{Rows: n, Features: [][]float64{reading, humidity}, Target: temperature}
}

// storeAndRestore is what a program does across a restart. The restored model goes on bit for bit where the stored one was.
func storeAndRestore(w io.Writer, model *estimator.Linear) (*estimator.Linear, error) {
	snapshot, err := model.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(w, "stored after %d rows\n", model.Report().Rows.Learned)
	return estimator.Restore(snapshot)
}

func report(w io.Writer, r estimator.Report) {
	fmt.Fprintf(w, "%d rows learned, %d of them outliers; scale of the residuals %.2f\n", r.Rows.Learned, r.Rows.Outliers, r.Scale)
	fmt.Fprintf(w, "%-10s %8s %8s   %s\n", "", "truth", "learned", "95 % interval")
	for i, c := range append([]estimator.Coefficient{r.Intercept}, r.Coefficients...) {
		name := [...]string{"intercept", "reading", "humidity"}[i]
		fmt.Fprintf(w, "%-10s %8.3f %8.3f   %.3f … %.3f\n", name, [...]float64{offset, gain, damp}[i], c.Value, c.Low, c.High)
	}
}

func predict(w io.Writer, model *estimator.Linear) {
	temperature := make([]float64, 1)
	model.Predict(temperature, estimator.Columns{Rows: 1, Features: [][]float64{{20}, {50}}})
	fmt.Fprintf(w, "a reading of 20.0 at 50 %% humidity means %.2f degrees; the truth is %.2f\n", temperature[0], offset+gain*20+damp*50)
}
