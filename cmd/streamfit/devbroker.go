package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/streamfit/streamfit/internal/devbroker"
)

type devBrokerCmd struct {
	Listen string   `default:"127.0.0.1:9092" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks a free one. Default: 127.0.0.1:9092."`
	Data   string   `placeholder:"DIR" type:"path" help:"Keep records, topics and offsets in this directory; without it they are gone when the broker ends."`
	Topic  []string `placeholder:"NAME[:PARTITIONS]" help:"Topic to make, of one partition if no number is given; may be repeated."`
}

// Help is the text below the usage.
func (*devBrokerCmd) Help() string {
	return `For development only: one node, no replicas, no security. Topics that a client writes to are made with one partition; run wants its input topic to be there. It runs until SIGINT or SIGTERM.

    streamfit dev-broker --topic flights --data /tmp/streamfit-broker`
}

// Run until ctx is done. The line with the addresses says that the broker is ready.
func (d *devBrokerCmd) Run(ctx context.Context, c *console) error {
	topics, err := parseTopics(d.Topic)
	if err != nil {
		return &usageError{err}
	}
	broker, err := devbroker.Start(devbroker.Options{Addr: d.Listen, DataDir: d.Data, Topics: topics, AutoCreate: true})
	if err != nil {
		return err
	}
	defer broker.Close()
	fmt.Fprintf(c.Out, "%s\n", strings.Join(broker.Brokers(), ","))
	fmt.Fprintf(c.Err, "a broker for development only, %s; end it with Ctrl-C\n", d.keeping())
	<-ctx.Done()
	return nil
}

func (d *devBrokerCmd) keeping() string {
	if d.Data == "" {
		return "keeping everything in memory"
	}
	return "keeping everything in " + d.Data
}

// parseTopics reads NAME or NAME:PARTITIONS.
func parseTopics(args []string) ([]devbroker.Topic, error) {
	var topics []devbroker.Topic
	for _, arg := range args {
		name, count, given := strings.Cut(arg, ":")
		t := devbroker.Topic{Name: name, Partitions: 1}
		if given {
			n, err := strconv.ParseInt(count, 10, 32)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("--topic %s: %q is no number of partitions; want NAME or NAME:PARTITIONS, as flights:3", arg, count)
			}
			t.Partitions = int(n)
		}
		if name == "" {
			return nil, fmt.Errorf("--topic %s: the topic has no name; want NAME or NAME:PARTITIONS, as flights:3", arg)
		}
		topics = append(topics, t)
	}
	return topics, nil
}
