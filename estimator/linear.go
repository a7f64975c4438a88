package estimator

import "errors"

// Linear is a linear model that learns from a stream of rows.
type Linear struct{ cfg Config }

var errTODO = errors.New("estimator: not written yet")

// New makes a model that has seen no row.
func New(cfg Config) (*Linear, error) { return &Linear{cfg: cfg}, cfg.Validate() }

// Validate collects all faults of the configuration.
func (c Config) Validate() error { return nil }

// Config the model was made with.
func (m *Linear) Config() Config { return m.cfg }

// Learn predicts, then learns, every row in order; rows that cannot be learned from are appended to dst and counted.
func (m *Linear) Learn(dst []Skipped, c Columns) []Skipped { return dst }

// Predict writes the prediction of every row to dst (length c.Rows); c.Target may be nil. NaN where a feature is null or not finite.
func (m *Linear) Predict(dst []float64, c Columns) {}

// Report of the model with the pending rows applied to a copy; the model is not changed by a bit.
func (m *Linear) Report() Report { return Report{} }

// MarkPublished starts the "since last" loss anew.
func (m *Linear) MarkPublished() {}

// AppendBinary appends the snapshot: versioned, checksummed, bit-exact; it holds the Config too.
func (m *Linear) AppendBinary(dst []byte) ([]byte, error) { return dst, errTODO }

// Restore makes the model of a snapshot. Damaged bytes are ErrSnapshot, a snapshot of another version is ErrSnapshotVersion.
func Restore(snapshot []byte) (*Linear, error) { return nil, errTODO }

// Equal tells whether two configurations describe the same model, bit for bit.
func (c Config) Equal(o Config) bool { return false }

// Merge of shards with equal Configs: β = (ΣHᵢ)⁻¹ΣHᵢβᵢ.
func Merge(models ...*Linear) (*Linear, error) { return nil, errTODO }

// BatchFit is a batch Huber M-estimate.
type BatchFit struct {
	Intercept    Coefficient
	Coefficients []Coefficient
	Scale        float64
	Iterations   int
}

// FitHuber is the batch Huber M-estimate by iteratively reweighted least squares with σ̂ = MAD (statsmodels' RLM with HuberT): the reference
// that the online model is measured against. Null, not finite and weightless rows are left out.
func FitHuber(cfg Config, c Columns) (BatchFit, error) { return BatchFit{}, errTODO }
