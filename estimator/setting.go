package estimator

import (
	"fmt"
	"math"
	"strconv"
)

// MarshalText writes "auto" or the number, in the shortest form that reads back as the same bits.
func (k Knee) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String is "auto" or the number.
func (k Knee) String() string {
	if k.Auto {
		return "auto"
	}
	return strconv.FormatFloat(k.Value, 'g', -1, 64)
}

// UnmarshalText reads "auto" or a positive number.
func (k *Knee) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		*k = Knee{Auto: true}
		return nil
	}
	v, err := positive(string(text))
	if err != nil {
		return fmt.Errorf("%q is no knee; want auto, or a number above 0 in the units of the target", text)
	}
	*k = Knee{Value: v}
	return nil
}

// MarshalText writes "auto", "off" or the cap, in the shortest form that reads back as the same bits.
func (l Leverage) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// String is "auto", "off" or the cap.
func (l Leverage) String() string {
	switch {
	case l.Auto:
		return "auto"
	case l.Off:
		return "off"
	default:
		return strconv.FormatFloat(l.Cap, 'g', -1, 64)
	}
}

// UnmarshalText reads "auto", "off" or a positive number.
func (l *Leverage) UnmarshalText(text []byte) error {
	switch string(text) {
	case "auto":
		*l = Leverage{Auto: true}
		return nil
	case "off":
		*l = Leverage{Off: true}
		return nil
	}
	v, err := positive(string(text))
	if err != nil {
		return fmt.Errorf("%q is no cap; want auto, off, or a number of robust standard deviations, as 10", text)
	}
	*l = Leverage{Cap: v}
	return nil
}

func positive(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && !(v > 0 && v <= math.MaxFloat64) {
		err = strconv.ErrRange
	}
	return v, err
}
