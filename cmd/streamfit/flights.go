package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"

	"github.com/streamfit/streamfit/examples/data"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/file"
)

// flights in columns.
type flights struct{ delay, distance, time []float64 }

// readFlights of the program's own copy. Shuffled, they come in an order that is random and always the same.
func readFlights(shuffled bool) (flights, error) {
	reader, err := file.OpenReader("flights-200k.arrow", data.Flights(), file.Options{})
	if err != nil {
		return flights{}, err
	}
	source := file.NewSource("flights-200k.arrow", reader, 0)
	defer source.Close()
	decoder := arrowipc.NewDecoder(arrowipc.Projection{Numbers: []string{"delay", "distance", "time"}}, arrowipc.DefaultLimits())
	var f flights
	for {
		run, err := source.Fetch(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return flights{}, err
		}
		batches, err := decoder.Decode(run.Messages[0].Value)
		if err != nil {
			return flights{}, err
		}
		for _, b := range batches {
			f.delay = append(f.delay, b.Numbers[0].Values...)
			f.distance = append(f.distance, b.Numbers[1].Values...)
			f.time = append(f.time, b.Numbers[2].Values...)
		}
	}
	if shuffled {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(f.delay), f.swap)
	}
	return f, nil
}

func (f flights) swap(i, j int) {
	f.delay[i], f.delay[j] = f.delay[j], f.delay[i]
	f.distance[i], f.distance[j] = f.distance[j], f.distance[i]
	f.time[i], f.time[j] = f.time[j], f.time[i]
}

// message of the rows from i to j.
func (f flights) message(i, j int) ([]byte, error) {
	return arrowipc.EncodeNumbers(nil, []string{"delay", "distance", "time"}, [][]float64{f.delay[i:j], f.distance[i:j], f.time[i:j]})
}
