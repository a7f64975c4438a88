package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
)

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
	err := c.mend(ctx, doing, startUp, func() error {
		answer, err := c.client.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{{
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
