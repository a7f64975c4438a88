package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
)

// Topic to make where it is missing.
type Topic struct {
	Name       string
	Partitions int
	Grows      bool // partitions that one which is there lacks are added
	Compacted  bool
	Settings   map[string]string // as Kafka calls them: "max.message.bytes"; one that is there is held to them
	Initial    map[string]string // settings for a topic that is made; one that is there may have others
}

// Partitions of a topic. A topic that is not there is ErrUnknownTopic.
func (c *Cluster) Partitions(ctx context.Context, topic string) (n int, err error) {
	doing := "look up topic " + topic
	err = c.mend(ctx, "Metadata", doing, startUp, func() error {
		n, err = c.lookUp(ctx, topic)
		if errors.Is(err, kafkago.UnknownTopicOrPartition) {
			return fmt.Errorf("%w: make it first, as with kafka-topics --create --topic %s", ErrUnknownTopic, topic)
		}
		return err
	})
	return n, failed(err, "%s at %s", doing, strings.Join(c.cfg.Brokers, ", "))
}

// AwaitTopic waits until the brokers are up and the topic is there, or until ctx ends, and gives its number of partitions.
func (c *Cluster) AwaitTopic(ctx context.Context, topic string) (n int, err error) {
	doing := "look up topic " + topic
	err = c.mend(ctx, "Metadata", doing, 0, func() error {
		n, err = c.lookUp(ctx, topic)
		return err
	})
	return n, failed(err, "%s at %s", doing, strings.Join(c.cfg.Brokers, ", "))
}

// lookUp the number of a topic's partitions, once.
func (c *Cluster) lookUp(ctx context.Context, topic string) (int, error) {
	answer, err := c.metadata(ctx, []string{topic})
	if err != nil {
		return 0, err
	}
	if len(answer.Topics) != 1 {
		return 0, fmt.Errorf("%d topics in the answer", len(answer.Topics))
	}
	t := answer.Topics[0]
	if t.ErrorCode != 0 {
		return 0, kafkago.Error(t.ErrorCode)
	}
	return len(t.Partitions), nil
}

// EnsureTopic makes a topic where it is missing, and waits until it can be used. One that is there stays as it is, but may grow: too few partitions are ErrPartitions,
// and settings that would lose the state it is to hold are ErrSettings.
func (c *Cluster) EnsureTopic(ctx context.Context, t Topic) error {
	n, err := c.Partitions(ctx, t.Name)
	if errors.Is(err, ErrUnknownTopic) {
		if err := c.create(ctx, t); err != nil {
			return err
		}
		n, err = c.AwaitTopic(ctx, t.Name) // somebody else may have made it, otherwise, a moment ago
	}
	if err != nil {
		return err
	}
	if n < t.Partitions && t.Grows {
		n, err = t.Partitions, c.grow(ctx, t)
	}
	if err != nil {
		return err
	}
	if n < t.Partitions {
		return failed(fmt.Errorf("%w: %d, it needs %d; add them with kafka-topics --alter --topic %s --partitions %d", ErrPartitions, n, t.Partitions, t.Name, t.Partitions),
			"topic %s", t.Name)
	}
	if err := c.awaitLeaders(ctx, t); err != nil {
		return err
	}
	return c.checkSettings(ctx, t)
}

func (c *Cluster) create(ctx context.Context, t Topic) error {
	config := kafkago.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: c.cfg.Replication}
	if config.ReplicationFactor == 0 {
		config.ReplicationFactor = -1 // the broker's default
	}
	if t.Compacted {
		config.ConfigEntries = append(config.ConfigEntries, kafkago.ConfigEntry{ConfigName: cleanupPolicy, ConfigValue: "compact"})
	}
	initial := maps.Clone(t.Initial)
	if initial == nil {
		initial = map[string]string{}
	}
	maps.Copy(initial, t.Settings)
	for name, value := range initial {
		config.ConfigEntries = append(config.ConfigEntries, kafkago.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	slices.SortFunc(config.ConfigEntries, func(a, b kafkago.ConfigEntry) int { return strings.Compare(a.ConfigName, b.ConfigName) })
	doing := "make topic " + t.Name
	err := c.mend(ctx, "CreateTopics", doing, startUp, func() error {
		answer, err := c.asker.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{config}})
		if err == nil {
			err = answer.Errors[t.Name]
		}
		if errors.Is(err, kafkago.TopicAlreadyExists) {
			return nil
		}
		return err
	})
	if err == nil {
		c.log.Info().Str("topic", t.Name).Int("partitions", t.Partitions).Bool("compacted", t.Compacted).Msg("made the topic")
	}
	return failed(err, "%s", doing)
}

// grow the topic to so many partitions, unless somebody else has meanwhile.
func (c *Cluster) grow(ctx context.Context, t Topic) error {
	doing := fmt.Sprintf("add partitions to topic %s, up to %d", t.Name, t.Partitions)
	err := c.mend(ctx, "CreatePartitions", doing, startUp, func() error {
		answer, err := c.asker.CreatePartitions(ctx, &kafkago.CreatePartitionsRequest{Topics: []kafkago.TopicPartitionsConfig{{Name: t.Name, Count: int32(t.Partitions)}}})
		if err == nil {
			err = answer.Errors[t.Name]
		}
		if errors.Is(err, kafkago.InvalidPartitionNumber) { // it has as many already, though not every broker knows: that is waited for
			return nil
		}
		return err
	})
	if err == nil {
		c.log.Info().Str("topic", t.Name).Int("partitions", t.Partitions).Msg("added partitions to the topic")
	}
	return failed(err, "%s", doing)
}

// awaitLeaders: a topic is usable a moment after it is made.
func (c *Cluster) awaitLeaders(ctx context.Context, t Topic) error {
	for partition := range t.Partitions {
		doing := fmt.Sprintf("wait for topic %s, partition %d", t.Name, partition)
		err := c.mend(ctx, "Metadata", doing, startUp, func() error {
			_, err := c.leader(ctx, t.Name, partition)
			return err
		})
		if err != nil {
			return failed(err, "%s", doing)
		}
	}
	return nil
}

// Bounds of a partition: its first offset, and the end of what is committed.
func (c *Cluster) Bounds(ctx context.Context, topic string, partition int) (first, end int64, err error) {
	return c.bounds(ctx, topic, partition, kafkago.ReadCommitted)
}

// bounds where the end is that of everything, or of what is committed.
func (c *Cluster) bounds(ctx context.Context, topic string, partition int, isolation kafkago.IsolationLevel) (first, end int64, err error) {
	doing := fmt.Sprintf("ask for the offsets of topic %s, partition %d", topic, partition)
	err = c.mend(ctx, "ListOffsets", doing, startUp, func() error {
		answer, err := c.asker.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
			Topics:         map[string][]kafkago.OffsetRequest{topic: {kafkago.FirstOffsetOf(partition), kafkago.LastOffsetOf(partition)}},
			IsolationLevel: isolation,
		})
		if err != nil {
			return err
		}
		for _, p := range answer.Topics[topic] {
			if p.Partition == partition {
				first, end = p.FirstOffset, p.LastOffset
				return p.Error
			}
		}
		return kafkago.UnknownTopicOrPartition
	})
	return first, end, failed(err, "%s", doing)
}

// Committed is the position of a partition that a group was last told; -1: none. It is for telling whether the group is new, never to go on from.
func (c *Cluster) Committed(ctx context.Context, group, topic string, partition int) (position int64, err error) {
	doing := fmt.Sprintf("ask for the committed offset of group %s, topic %s, partition %d", group, topic, partition)
	position = -1
	err = c.mend(ctx, "OffsetFetch", doing, startUp, func() error {
		answer, err := c.asker.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {partition}}})
		if err != nil {
			return err
		}
		if answer.Error != nil {
			return answer.Error
		}
		for _, p := range answer.Topics[topic] {
			if p.Partition == partition {
				position = p.CommittedOffset
				return p.Error
			}
		}
		return nil
	})
	return position, failed(err, "%s", doing)
}

const (
	cleanupPolicy   = "cleanup.policy"
	maxMessageBytes = "max.message.bytes"
)

// checkSettings of a topic that is to be compacted: with any other policy, its oldest state is deleted, and what is left is silently wrong. A limit of the
// message size below the wanted one would refuse state later on.
func (c *Cluster) checkSettings(ctx context.Context, t Topic) error {
	if !t.Compacted && t.Settings[maxMessageBytes] == "" {
		return nil
	}
	settings, err := c.settings(ctx, t.Name)
	if errors.Is(err, kafkago.TopicAuthorizationFailed) || errors.Is(err, kafkago.ClusterAuthorizationFailed) {
		c.log.Warn().Err(err).Str("topic", t.Name).Msg("kafka: may not see the topic's settings, so it is not checked that it keeps its state")
		return nil
	}
	if err != nil {
		return err
	}
	return failed(t.check(settings), "topic %s", t.Name)
}

func (t Topic) check(settings map[string]string) error {
	advice := "change it with kafka-configs --alter --entity-type topics --entity-name " + t.Name + " --add-config"
	if policy := settings[cleanupPolicy]; t.Compacted && policy != "compact" {
		return fmt.Errorf("%w: %s is %q, it must be \"compact\"; %s %s=compact", ErrSettings, cleanupPolicy, policy, advice, cleanupPolicy)
	}
	wanted, err := strconv.Atoi(t.Settings[maxMessageBytes])
	if err != nil {
		return nil //nolint:nilerr // it was not asked for
	}
	if n, err := strconv.Atoi(settings[maxMessageBytes]); err == nil && n < wanted {
		return fmt.Errorf("%w: %s is %d, it must be at least %d; %s %s=%d", ErrSettings, maxMessageBytes, n, wanted, advice, maxMessageBytes, wanted)
	}
	return nil
}

// settings of a topic, as far as they matter.
func (c *Cluster) settings(ctx context.Context, topic string) (map[string]string, error) {
	doing := "ask for the settings of topic " + topic
	out := map[string]string{}
	err := c.mend(ctx, "DescribeConfigs", doing, startUp, func() error {
		answer, err := c.asker.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{{
			ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{cleanupPolicy, maxMessageBytes},
		}}})
		if err != nil {
			return err
		}
		for _, resource := range answer.Resources {
			if resource.Error != nil {
				return resource.Error
			}
			for _, entry := range resource.ConfigEntries {
				out[entry.ConfigName] = strings.ReplaceAll(entry.ConfigValue, " ", "")
			}
		}
		return nil
	})
	return out, failed(err, "%s", doing)
}
