package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rs/zerolog"

	"github.com/streamfit/streamfit/pipeline"
	"github.com/streamfit/streamfit/pipeline/arrowipc"
	"github.com/streamfit/streamfit/pipeline/kafka"
)

const (
	topic       = "sensors"
	outputTopic = "sensors-model"
	messageRows = 8192
	poll        = 200 * time.Millisecond
)

// produce rows of all keys, as often as a key has rows.
func (b *bench) produce(ctx context.Context) error {
	cluster, err := kafka.Open(kafka.Config{Brokers: []string{b.broker}, Kafka: pipeline.DefaultConfig().Kafka, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := cluster.EnsureTopic(ctx, kafka.Topic{Name: topic, Partitions: 1}); err != nil {
		return err
	}
	sink := cluster.OpenSink(topic)
	for left := b.keys * b.rows; left > 0; {
		n := min(left, messageRows)
		keys, columns := b.stream.rows(n)
		value, err := arrowipc.EncodeKeyed(nil, "k", keys, b.stream.columns(), columns)
		if err != nil {
			return err
		}
		if err := sink.Write(ctx, pipeline.Record{Value: value}); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// measured of one process.
type measured struct {
	seconds, cpu, leaving, cold float64
	peak                        int64
}

func (b *bench) startRun(ctx context.Context) (p *process, address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	address = listener.Addr().String()
	listener.Close()
	p, err = b.start(ctx, append([]string{"run", "--brokers", b.broker, "--topic", topic, "--group", "keys", "--name", "sensors", "--key", "k",
		"--output-topic", outputTopic, "--every-rows", "0", "--every", "0s", "--http", address, "--log-format", "json", "--log-level", "warn",
		"--set", "state.every=" + b.every.String(), "--set", fmt.Sprintf("state.hot_keys=%d", b.hot), "--set", "state.cold_dir=" + b.dir,
		"--set", fmt.Sprintf("model.max_keys=%d", b.keys), "--set", "kafka.shutdown_timeout=10m"}, b.stream.arguments()...)...)
	return p, address, err
}

// learn all rows, then leave.
func (b *bench) learn(ctx context.Context) (m measured, err error) {
	begin := time.Now()
	p, address, err := b.startRun(ctx)
	if err != nil {
		return m, err
	}
	var page string
	if err := p.await(ctx, func() bool {
		page, _ = get(address, "/metrics")
		return metric(page, `streamfit_rows_total{model="sensors",partition="0",result="learned"`) >= float64(b.keys*b.rows)
	}); err != nil {
		return m, err
	}
	m.seconds, m.cpu, m.cold = time.Since(begin).Seconds(), p.cpu(), metric(page, "streamfit_cold_bytes")
	begin = time.Now()
	m.peak = p.peak()
	err = p.stop(10 * time.Minute)
	m.leaving = time.Since(begin).Seconds()
	return m, err
}

// restart until the state is restored and the partition is read again.
func (b *bench) restart(ctx context.Context) (m measured, err error) {
	begin := time.Now()
	p, address, err := b.startRun(ctx)
	if err != nil {
		return m, err
	}
	if err := p.await(ctx, func() bool { _, ready := get(address, "/ready"); return ready }); err != nil {
		return m, err
	}
	m.seconds, m.cpu, m.peak = time.Since(begin).Seconds(), p.cpu(), p.peak()
	return m, p.stop(10 * time.Minute)
}

// await what is to come, or the end of the process.
func (p *process) await(ctx context.Context, there func() bool) error {
	for !there() {
		select {
		case <-p.ended:
			return fmt.Errorf("%w: %s", errors.Join(errGone, p.err), p.said)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
	return nil
}
