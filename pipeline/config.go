package pipeline

import (
	"time"

	"github.com/streamfit/streamfit/estimator"
)

// Config is the whole configuration of a run. The yaml names are the contract: the configuration file, --set, the environment and the flags all
// speak of these paths.
type Config struct {
	Model  Model  `yaml:"model"`
	Input  Input  `yaml:"input"`
	Output Output `yaml:"output"`
	State  State  `yaml:"state"`
	// ExactlyOnce publishes in Kafka transactions: whoever reads committed records sees each update and each dead letter once, as soon as the checkpoint is written.
	ExactlyOnce bool       `yaml:"exactly_once"`
	SGD         SGD        `yaml:"sgd"`
	Kafka       Kafka      `yaml:"kafka"`
	HTTP        string     `yaml:"http"` // address to listen on, as "127.0.0.1:8080"; ":8080" is the same; empty: off
	HTTPAccess  HTTPAccess `yaml:"http_access"`
	Log         Log        `yaml:"log"`
}

// Model says what is fitted to which columns.
type Model struct {
	Name     string             `yaml:"name"`
	Target   string             `yaml:"target"`
	Features []string           `yaml:"features"` // ["*"]: every numeric column but the target, the key, the weight and the time column
	Weight   string             `yaml:"weight"`   // column; empty: every row weighs 1
	Time     string             `yaml:"time"`     // column of event time; empty: none
	Key      string             `yaml:"key"`      // column, or $message_key; only with scope: key
	Scope    string             `yaml:"scope"`    // "global", or "key": one model for each value of the key
	MaxKeys  int                `yaml:"max_keys"` // models of one input partition; rows of more keys are bad rows
	Solver   string             `yaml:"solver"`
	Loss     string             `yaml:"loss"`
	Delta    estimator.Knee     `yaml:"delta"`
	Beta     float64            `yaml:"beta"`
	Epsilon  float64            `yaml:"epsilon"`
	Tau      float64            `yaml:"tau"`
	Leverage estimator.Leverage `yaml:"leverage"`
	HalfLife HalfLife           `yaml:"half_life"` // rows, or a length of event time; .inf: never forget
	OnDrift  string             `yaml:"on_drift"`  // what an alarm does: "alarm" reports it, "adapt" begins anew with the rows after it; "ignore": nothing is watched
	WarmUp   WarmUp             `yaml:"warm_up"`   // rows kept in memory for the exact start
	Trend    Trend              `yaml:"trend"`
}

// SGD settings under scikit-learn's names.
type SGD struct {
	LearningRate string  `yaml:"learning_rate"`
	Eta0         float64 `yaml:"eta0"`
	PowerT       float64 `yaml:"power_t"`
	Penalty      string  `yaml:"penalty"`
	Alpha        float64 `yaml:"alpha"`
	L1Ratio      float64 `yaml:"l1_ratio"`
	Average      int64   `yaml:"average"` // step from which on the weights are averaged; 0: never
	FitIntercept bool    `yaml:"fit_intercept"`
}

// Input is where rows come from.
type Input struct {
	Brokers    []string      `yaml:"brokers"`
	Topic      string        `yaml:"topic"`
	Group      string        `yaml:"group"`
	Start      string        `yaml:"start"`        // "earliest" or "latest": where a partition without a checkpoint begins
	DeadLetter string        `yaml:"dead_letter"`  // topic; empty: a message that cannot be decoded stops the run
	OnDataLoss string        `yaml:"on_data_loss"` // "fail", or "accept": go on behind offsets that were deleted before they were learned from
	BadRows    BadRows       `yaml:"bad_rows"`     // what to do with rows that cannot be learned from
	Limits     Limits        `yaml:"limits"`
	MaxWait    time.Duration `yaml:"max_wait"` // longest wait of one fetch
}

// BadRows is the policy for each reason: "skip" (default), "dead_letter" (the whole message is copied there), "fail".
type BadRows struct {
	Null      string `yaml:"null"`
	NonFinite string `yaml:"nonfinite"`
	Weight    string `yaml:"weight"`
	Range     string `yaml:"range"` // a magnitude beyond 1e60
	Key       string `yaml:"key"`   // no key that can be used: null, too long, not UTF-8, or beyond max_keys
}

// Limits bound what one message may make the process do.
type Limits struct {
	MessageBytes int64 `yaml:"message_bytes"`
	DecodedBytes int64 `yaml:"decoded_bytes"`
	Rows         int64 `yaml:"rows"`
	Fields       int   `yaml:"fields"`
	Batches      int   `yaml:"batches"`
	KeyBytes     int64 `yaml:"key_bytes"` // of one key
}

// Output is where updates go, and how often: every so many rows, every so much time, or both; and at shutdown.
type Output struct {
	Topic     string        `yaml:"topic"`
	EveryRows int64         `yaml:"every_rows"` // 0: not by rows
	Every     time.Duration `yaml:"every"`      // 0: not by time
	Format    string        `yaml:"format"`     // "json" or "arrow"
	Intervals string        `yaml:"intervals"`  // "fixed": for one look; "sequence": besides, those that hold at all times at once
}

// State is where checkpoints go.
type State struct {
	Topic   string        `yaml:"topic"` // empty: <group>-state
	Every   time.Duration `yaml:"every"`
	HotKeys int           `yaml:"hot_keys"` // models of one input partition in memory, those used last
	ColdDir string        `yaml:"cold_dir"` // of a temporary file with the others; empty: the system's
}

// Kafka is how brokers are reached, for all topics.
type Kafka struct {
	ClientID        string        `yaml:"client_id"`
	SessionTimeout  time.Duration `yaml:"session_timeout"`
	Heartbeat       time.Duration `yaml:"heartbeat"`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
	Replication     int           `yaml:"replication"` // of topics that streamfit makes; -1: the broker's default
	TLS             TLS           `yaml:"tls"`
	SASL            SASL          `yaml:"sasl"`
}

// TLS to the brokers.
type TLS struct {
	Enabled    bool   `yaml:"enabled"`
	CA         string `yaml:"ca"`   // file of PEM certificates; empty: the system's
	Cert       string `yaml:"cert"` // file; client certificate
	Key        string `yaml:"key"`  // file
	ServerName string `yaml:"server_name"`
}

// SASL to the brokers. The password comes from a file or from the environment, never from the command line.
type SASL struct {
	Mechanism    string `yaml:"mechanism"` // "", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	Password     string `yaml:"password" secret:"true"` // in the file only as ${VARIABLE}
}

// HTTPAccess says who may see the pages; without a token and a user whoever reaches the address may. Secrets come from a file or from the environment, never
// from the command line.
type HTTPAccess struct {
	Token        string `yaml:"token" secret:"true"` // of "Authorization: Bearer …"
	TokenFile    string `yaml:"token_file"`
	Username     string `yaml:"username"` // of "Authorization: Basic …"
	Password     string `yaml:"password" secret:"true"`
	PasswordFile string `yaml:"password_file"`
	Debug        bool   `yaml:"debug"` // profiles under /debug/pprof/
}

// Log settings.
type Log struct {
	Level  string `yaml:"level"`  // trace, debug, info, warn, error
	Format string `yaml:"format"` // json, console
}
