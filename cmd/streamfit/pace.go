package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/streamfit/streamfit/pipeline/arrowipc"
)

// pacer says when a message may go: so many rows per second, or as the rows' own time goes by. The zero value lets all go at once.
type pacer struct {
	rate    float64 // rows per second; 0: none
	speedup float64
	column  string // of time; empty: none
	decoder *arrowipc.Decoder

	begin time.Time
	rows  int64   // before this message
	first float64 // seconds; the first message's time
}

func newPacer(rate float64, column string, speedup float64) pacer {
	p := pacer{rate: rate, column: column, speedup: speedup, first: math.NaN()}
	if column != "" {
		p.decoder = arrowipc.NewDecoder(arrowipc.Projection{Numbers: []string{column}}, arrowipc.DefaultLimits())
	}
	return p
}

func (p *pacer) paced() bool { return p.rate > 0 || p.column != "" }

// wait until a message of so many rows may go.
func (p *pacer) wait(ctx context.Context, message []byte, rows int64) error {
	if !p.paced() {
		return nil
	}
	if p.begin.IsZero() {
		p.begin = time.Now()
	}
	after, err := p.after(message)
	if err != nil {
		return err
	}
	p.rows += rows
	return wait(ctx, time.Until(p.begin.Add(after)))
}

// after is how long after the first message this one goes.
func (p *pacer) after(message []byte) (time.Duration, error) {
	if p.rate > 0 {
		return seconds(float64(p.rows) / p.rate), nil
	}
	at, err := p.timeOf(message)
	if err != nil {
		return 0, &inputError{fmt.Errorf("--pace: %w", err)}
	}
	if math.IsNaN(p.first) {
		p.first = at
	}
	return seconds((at - p.first) / p.speedup), nil
}

// timeOf a message is the first time in it, in seconds; that of the message before if it has none.
func (p *pacer) timeOf(message []byte) (float64, error) {
	batches, err := p.decoder.Decode(message)
	if err != nil {
		return 0, err
	}
	for _, b := range batches {
		column := b.Numbers[0]
		for i, v := range column.Values[:b.Rows] {
			if valid(column.Valid, i) && !math.IsNaN(v) && !math.IsInf(v, 0) {
				return v, nil
			}
		}
	}
	return p.first, nil
}

// valid reads bit i of an Arrow bitmap; nil: all are valid.
func valid(bitmap []byte, i int) bool { return bitmap == nil || bitmap[i/8]&(1<<(i%8)) != 0 }

// seconds as a duration, none below zero and none beyond the longest.
func seconds(s float64) time.Duration {
	const longest = float64(math.MaxInt64) / float64(time.Second)
	if !(s > 0) {
		return 0
	}
	if s >= longest {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}
