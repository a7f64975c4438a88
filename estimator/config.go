package estimator

import "math"

// Config says what a model is: two models with equal Configs that learned the same rows in the same order are equal to the bit.
type Config struct {
	Features []string // names of the feature columns, in order; d = len(Features)
	Solver   string   // "auto" (default): "newton" up to 64 features or where rows are forgotten, else "asgd"; or "tracking", "sgd"
	Loss     LossSpec
	Delta    Knee     // the knee of the Huber loss: auto (1.345 σ̂) or a number
	Leverage Leverage // far rows in x: auto (default: trusted as far as their residuals allow), a cap in robust standard deviations, or off
	HalfLife float64  // rows after which a row counts half; +Inf (default) never forgets
	// HalfLifeTime is that in event time, of Columns.Time: a row counts half when the newest is so much later. 0 (default): not in event time.
	HalfLifeTime Span
	WarmUp       int    // rows kept in memory for the exact start, a power of two (default 1024): newton's, and of few features asgd's. sgd has none
	Trend        Trend  // the time as a feature; the zero value: it is none
	OnDrift      string // what an alarm of the drift detector does: one of the Drift… constants
	SGD          SGD    // settings of solver "sgd", with scikit-learn's names and defaults
}

// What an alarm of the drift detector does. Solver sgd has none.
const (
	DriftAlarm  = "alarm"  // it is reported (default)
	DriftAdapt  = "adapt"  // it is reported, and the model begins anew with the rows after it
	DriftIgnore = "ignore" // nothing is watched
)

// LossSpec names a loss and its parameters; the parameters a loss does not have are ignored.
type LossSpec struct {
	Name    string  // one of loss.Names: "huber" (default), "half-squared", "mae", …
	Beta    float64 // smooth-l1
	Tau     float64 // quantile
	Epsilon float64 // epsilon-insensitive, squared-epsilon-insensitive
}

// Knee is "auto" or a positive number. It reads and writes itself as text.
type Knee struct {
	Auto  bool
	Value float64
}

// Leverage is "auto", a cap, or "off". It reads and writes itself as text.
type Leverage struct {
	Auto bool // learned from the residuals
	Off  bool
	Cap  float64
}

// SGD holds the settings of scikit-learn's SGDRegressor, under its names and with its defaults.
type SGD struct {
	LearningRate string  // "invscaling" (default), "constant", "optimal", "adaptive"; "pa1", "pa2" with loss epsilon-insensitive
	Eta0         float64 // 0.01; the aggressiveness C of pa1 and pa2
	PowerT       float64 // 0.25
	Penalty      string  // "l2" (default), "l1", "elasticnet", "none"
	Alpha        float64 // 1e-4
	L1Ratio      float64 // share of elasticnet that is l1: 0.15
	FitIntercept bool    // true
	Average      int64   // step from which on the weights are averaged: 0 (default) never, 1 all
}

// DefaultConfig is what the program uses when nothing else is said.
func DefaultConfig() Config {
	return Config{
		Solver: solverAuto, Loss: LossSpec{Name: "huber", Beta: 1, Tau: 0.5, Epsilon: 0.1},
		Delta: Knee{Auto: true}, Leverage: Leverage{Auto: true}, HalfLife: math.Inf(1), WarmUp: warmUpRows, OnDrift: DriftAlarm,
		SGD: SGD{LearningRate: "invscaling", Eta0: 0.01, PowerT: 0.25, Penalty: "l2", Alpha: 1e-4, L1Ratio: 0.15, FitIntercept: true},
	}
}

// warmUpRows are kept where nothing else is said: the standard errors of the start are then worth something, and what is kept stays small.
const warmUpRows = 1024
