package estimator

// Report is what a model knows at this moment. Numbers that do not exist are NaN (an interval the solver has none of), never made up.
type Report struct {
	Solver       string
	Status       Status
	Rows         Rows
	Intercept    Coefficient   // in raw units: the prediction at x = 0
	Coefficients []Coefficient // in raw units, in the order of Config.Features
	Scale        float64       // σ̂ of the residuals; NaN if the solver has none
	Delta        float64       // the knee in force; NaN if the loss has none
	Degenerate   []string      // columns whose coefficients the rows do not identify: constant ones, and collinear ones
	Far          []string      // columns in which so many of the last rows are far and distrusted that it cannot be told whether they or the coefficients are right
	Loss         Metrics
	Drift        Drift
	Effective    float64      // number of rows that the coefficients are made of, as forgetting weighs them and since the model last began anew; NaN: not known
	Memories     []Memory     // of solver tracking
	Trend        *TrendReport // nil: the model has no trend, or has learned nothing
}

// Status of a model: warmup, ok, drift, degenerate.
type Status string

// The states of a model.
const (
	StatusWarmup     Status = "warmup"
	StatusOK         Status = "ok"
	StatusDrift      Status = "drift"
	StatusDegenerate Status = "degenerate"
)

// Memory is one of the solvers that solver tracking has side by side.
type Memory struct {
	Rows   float64 // effective number of rows that it remembers; +Inf: it never forgets
	Weight float64 // of it in the model; all add up to 1
}

// Coefficient with its standard error and 95 % interval.
type Coefficient struct {
	Name          string
	Value         float64
	SE, Low, High float64
}

// Rows counts what became of the rows.
type Rows struct {
	Learned  uint64
	Outliers uint64          // learned rows whose residual lay beyond the knee
	Guarded  uint64          // learned rows that the leverage guard weighed down
	Skipped  [Reasons]uint64 // by Reason
}

// Metrics are of progressive validation: every row is predicted before it is learned from.
type Metrics struct {
	Name      string
	Mean      float64 // mean loss since the start
	SinceLast float64 // mean loss since the last multiple of the interval (SetInterval)
	Window    float64 // exponentially windowed mean loss
	MAE, RMSE float64
	Baseline  float64 // mean loss of the best constant prediction
}

// Drift of the model: what its detector says.
type Drift struct {
	Statistic     float64   // share of the alarm's threshold that there is evidence for; NaN where nothing is watched
	Alarm         bool      // the last alarm is fresh: less than 1,000 rows old
	LastAlarmRow  int64     // learned rows up to the last alarm; -1: never
	LastAlarmTime float64   // event time of that row, seconds since the epoch; NaN: not known
	Kind          string    // of the last alarm: jump, slope, variance; empty: never
	Feature       string    // whose coefficient has changed; empty: the level, or the spread
	Size          float64   // see Alarm
	Counts        [3]uint64 // alarms so far, by AlarmKind
}
