package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/streamfit/streamfit/internal/kafkatest"
)

const root = "../.."

// compose is what docker-compose.yml says, as far as other files must agree with it.
type compose struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

type service struct {
	Image       string            `yaml:"image"`
	Build       string            `yaml:"build"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	HealthCheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
	DependsOn map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

func readYAML(t *testing.T, name string, to any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, name)), to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func composed(t *testing.T) compose {
	t.Helper()
	var c compose
	readYAML(t, "docker-compose.yml", &c)
	return c
}

func TestComposeWaitsForWhatThereIs(t *testing.T) {
	c := composed(t)
	for name, s := range c.Services {
		for other, wait := range s.DependsOn {
			on, there := c.Services[other]
			if !there {
				t.Errorf("%s depends on %s, which is no service", name, other)
			}
			if wait.Condition == "service_healthy" && len(on.HealthCheck.Test) == 0 {
				t.Errorf("%s waits until %s is healthy, which has no health check", name, other)
			}
		}
	}
}

func TestComposeMountsWhatThereIs(t *testing.T) {
	c := composed(t)
	for name, s := range c.Services {
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(source, ".") {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("%s mounts %s: %v", name, source, err)
				}
			} else if _, there := c.Volumes[source]; !there {
				t.Errorf("%s mounts %s, which is no volume", name, source)
			}
		}
	}
}

func TestComposePublishesToThisMachineAlone(t *testing.T) {
	for name, s := range composed(t).Services {
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to the network", name, port)
			}
		}
	}
}

// One version of Kafka is tested and composed, one of Go builds everywhere.
func TestVersionsAgree(t *testing.T) {
	for name, s := range composed(t).Services {
		if image, version, _ := strings.Cut(s.Image, ":"); image == "apache/kafka" && version != kafkatest.Version {
			t.Errorf("%s is Kafka %s, the tests run %s", name, version, kafkatest.Version)
		}
	}
	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	if want := "golang:" + language + " AS build"; !strings.Contains(read(t, "Dockerfile"), want) {
		t.Errorf("the Dockerfile has no %q, go.mod wants Go %s", want, language)
	}
}

func TestComposeMakesTheTopicsOfTheExample(t *testing.T) {
	var example struct {
		Input struct {
			Topic      string `yaml:"topic"`
			DeadLetter string `yaml:"dead_letter"`
		} `yaml:"input"`
		Output struct {
			Topic string `yaml:"topic"`
		} `yaml:"output"`
		State struct {
			Topic string `yaml:"topic"`
		} `yaml:"state"`
	}
	readYAML(t, "examples/streamfit.yaml", &example)
	want := []string{example.Input.Topic, example.Input.DeadLetter, example.Output.Topic, example.State.Topic}

	c := composed(t)
	script := strings.Join(c.Services["topics"].Command, "\n")
	var got []string
	for _, line := range regexp.MustCompile(`(?m)^create (\S+) (.*)$`).FindAllStringSubmatch(script, -1) {
		got = append(got, line[1])
		if compacted := strings.Contains(line[2], "cleanup.policy=compact"); compacted != (line[1] == example.State.Topic) {
			t.Errorf("topic %s: compacted: %v; the state topic must be, and it alone", line[1], compacted)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Error(diff)
	}
	if producer := c.Services["producer"].Command; !slices.Contains(producer, example.Input.Topic) {
		t.Errorf("the producer's %q does not name the topic %s", producer, example.Input.Topic)
	}
}

// Both programs look for Kafka where it advertises itself inside Compose's network.
func TestComposeReachesItsBroker(t *testing.T) {
	c := composed(t)
	brokers := c.Services["streamfit"].Environment["STREAMFIT_INPUT_BROKERS"]
	if brokers == "" || !strings.Contains(c.Services["kafka"].Environment["KAFKA_ADVERTISED_LISTENERS"], "NETWORK://"+brokers) {
		t.Errorf("streamfit looks for its broker at %q, where Kafka does not advertise itself", brokers)
	}
	if !slices.Contains(c.Services["producer"].Command, brokers) {
		t.Errorf("the producer looks elsewhere than %s", brokers)
	}
}
