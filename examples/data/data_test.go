package data_test

import (
	"io"
	"testing"

	"github.com/streamfit/streamfit/examples/data"
)

// A file that a checkout has mangled (line endings, large-file pointers) is found here and not in a demo.
func TestFlightsAreAWholeArrowFile(t *testing.T) {
	b, err := io.ReadAll(data.Flights())
	if err != nil {
		t.Fatal(err)
	}
	const magic = "ARROW1"
	if len(b) < 500_000 || string(b[:6]) != magic || string(b[len(b)-6:]) != magic {
		t.Errorf("%d bytes that begin with %q and end with %q", len(b), b[:6], b[len(b)-6:])
	}
}

func TestFlightsByOriginAreAWholeParquetFile(t *testing.T) {
	b, err := io.ReadAll(data.FlightsByOrigin())
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 500_000 || string(b[:4]) != "PAR1" || string(b[len(b)-4:]) != "PAR1" {
		t.Errorf("%d bytes that begin with %q and end with %q", len(b), b[:4], b[len(b)-4:])
	}
}
