// Command trendstudy compares ways of following a level, and finds the anomalous segments of River's WaterFlow: `make trends` puts what it writes into
// docs/measured/trend.md.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
)

var (
	count = flag.Int("sensors", 200, "simulated sensors of each comparison")
	path  = flag.String("waterflow", "", "water-flow.csv of the Python package river 0.26.1 (river/datasets); left out: no section on it")
)

func main() {
	flag.Parse()
	fmt.Printf(`# Trends, measured

Made by `+"`make trends RIVER=…/river/datasets`"+` (%d sensors). The figures follow from the seeds and the data, not from the machine.

## Levels of sensors

Simulated sensors: %d readings each, about one a minute, noise of σ = 1, and a level whose slope is a random walk, so that a longer window is not always a better
one. Spikes are of 5 to 50 σ to either side. The level at the newest reading is compared with the true one at every %dth reading from the %dth on. Each way has the
window, in readings, that is best for it in hindsight: half-lives where it forgets.

`, *count, readings, every, settled)
	writeComparison(os.Stdout, *count)
	if *path == "" {
		return
	}
	fmt.Print(`
## River's WaterFlow

1,268 hourly readings of a water pipe, with three segments of low values and a small peak. The model is a trend with a daily season and nothing else set; each
reading is predicted before it is learned.

`)
	if err := writeWaterFlow(os.Stdout, *path); err != nil {
		log.Fatal(err)
	}
}
