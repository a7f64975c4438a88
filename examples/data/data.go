// Package data carries real data to try things with; README.md says where it comes from and under which licences.
package data

import (
	"bytes"
	_ "embed" // the flights
	"io"
)

//go:embed flights-200k.arrow
var flights []byte

//go:embed flights-origin-100k.parquet
var flightsByOrigin []byte

// FlightByOriginRows is the number of rows of FlightsByOrigin.
const FlightByOriginRows = 100_000

// FlightsByOrigin is a Parquet file with the columns date (timestamp), delay (int16, minutes), distance (int16, miles) and origin (the airport), sorted by
// date. Each call returns a reader of its own.
func FlightsByOrigin() io.Reader { return bytes.NewReader(flightsByOrigin) }

// FlightRows is the number of rows of Flights.
const FlightRows = 200_000

// Flights is an Arrow IPC file of 20 record batches with the columns delay (int16, minutes), distance (int16, miles) and time (float32, hour of
// the day), sorted by time. Each call returns a reader of its own.
func Flights() io.Reader { return bytes.NewReader(flights) }
