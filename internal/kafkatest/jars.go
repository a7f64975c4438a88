package kafkatest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Version of Apache Kafka, the one that pom.xml names.
const Version = "4.3.1"

const javaWanted = 17 // the oldest that Kafka's broker runs on

//go:embed pom.xml
var pom []byte

// errMissing wraps what this machine lacks.
var errMissing = errors.New("this machine lacks what Apache Kafka needs")

// findJava looks for a Java that is new enough.
func findJava(ctx context.Context) (string, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("%w: no java in PATH; install Java %d, as Debian's openjdk-17-jre-headless", errMissing, javaWanted)
	}
	out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: java -version: %w: %s", errMissing, err, out)
	}
	if v := majorVersion(out); v < javaWanted {
		return "", fmt.Errorf("%w: %s is Java %d, want %d or newer", errMissing, java, v, javaWanted)
	}
	return java, nil
}

var versionLine = regexp.MustCompile(`version "(\d+)`)

// majorVersion reads the first line of `java -version`: `openjdk version "17.0.15" 2025-04-15`. 0: not understood. Java 8 calls itself 1.8.
func majorVersion(out []byte) int {
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return 0
	}
	v, _ := strconv.Atoi(string(m[1]))
	return v
}

// jars is the directory of the broker's jars, fetched if it is not there yet.
func jars(ctx context.Context) (string, error) {
	if dir := os.Getenv("KAFKATEST_JARS"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "streamfit", "kafka-"+Version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, fetchJars(ctx, dir)
}

// fetchJars lets Maven put the jars beside dir and gives them their name when all are there, so that a broken download is never taken for a
// broker. When two processes fetch at once, the first one's stay.
func fetchJars(ctx context.Context, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("%w: no mvn in PATH to fetch Kafka %s with; install Maven, as Debian's maven", errMissing, Version)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetching-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := copyDependencies(ctx, mvn, work); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(work, "jars"), dir); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func copyDependencies(ctx context.Context, mvn, work string) error {
	project := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(project, pom, 0o644); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, mvn, "--batch-mode", "--no-transfer-progress", "--file", project,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(work, "jars")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fetching Kafka %s with Maven: %w\n%s", Version, err, out)
	}
	return nil
}
