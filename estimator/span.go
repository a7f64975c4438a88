package estimator

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Span is a length of time in seconds. It reads and writes itself as text: "90s", "1h", "24h", "365.25d".
type Span float64

// spanUnits in seconds, each by its sign.
var spanUnits = []struct {
	sign    string
	seconds float64
}{{"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}}

// String is the span in the largest of h, m and s that it is a whole number of; below a second, in ms.
func (s Span) String() string {
	v, sign := float64(s), "s"
	switch {
	case v == 0 || math.IsInf(v, 0) || math.IsNaN(v):
	case math.Mod(v, 3600) == 0:
		v, sign = v/3600, "h"
	case math.Mod(v, 60) == 0:
		v, sign = v/60, "m"
	case math.Abs(v) < 1:
		v, sign = v*1000, "ms"
	}
	return strconv.FormatFloat(v, 'g', -1, 64) + sign
}

// MarshalText writes what String says.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a number and its unit: ns, us, ms, s, m, h, d or w. Months and years have no length of their own.
func (s *Span) UnmarshalText(text []byte) error {
	for _, unit := range spanUnits {
		number, found := strings.CutSuffix(string(text), unit.sign)
		if !found {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if v *= unit.seconds; err != nil || !isFinite(v) {
			break
		}
		*s = Span(v)
		return nil
	}
	return fmt.Errorf("%q is no length of time; want a number and one of ns, us, ms, s, m, h, d, w, as 90s, 24h or 365.25d", text)
}
