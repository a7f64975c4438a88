package fitplot

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// decades marks 100, 1k, 10k, …, and 2 to 9 times each without a label.
func decades(low, high float64) (ticks []plot.Tick) {
	for power := math.Floor(math.Log10(low)); math.Pow(10, power) <= high; power++ {
		for k := 1; k < 10; k++ {
			at := float64(k) * math.Pow(10, power)
			if at < low || at > high {
				continue
			}
			label := ""
			if k == 1 || high/low < 20 && (k == 2 || k == 5) {
				label = short(at)
			}
			ticks = append(ticks, plot.Tick{Value: at, Label: label})
		}
	}
	return ticks
}

// rowTicks labels another ticker's rows shortly.
type rowTicks struct{ plot.Ticker }

func (t rowTicks) Ticks(low, high float64) []plot.Tick {
	ticks := t.Ticker.Ticks(low, high)
	for i, tick := range ticks {
		if tick.Label != "" {
			ticks[i].Label = short(tick.Value)
		}
	}
	return ticks
}

// signed labels another ticker's values with a minus sign instead of a hyphen.
type signed struct{ plot.Ticker }

func (t signed) Ticks(low, high float64) []plot.Tick {
	ticks := t.Ticker.Ticks(low, high)
	for i := range ticks {
		ticks[i].Label = minus(ticks[i].Label)
	}
	return ticks
}

func minus(number string) string { return strings.ReplaceAll(number, "-", "−") }

// short form of a number of rows: 1200000 is 1.2M.
func short(rows float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if rows >= unit.size {
			return strconv.FormatFloat(rows/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(rows, 'g', 4, 64)
}
