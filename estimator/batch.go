package estimator

import (
	"errors"
	"math"
)

// BatchFit is a batch Huber M-estimate.
type BatchFit struct {
	Intercept    Coefficient
	Coefficients []Coefficient
	Scale        float64 // σ̂
	Iterations   int
}

// FitHuber is the batch Huber M-estimate by iteratively reweighted least squares with σ̂ = MAD about 0, re-estimated in each step: what statsmodels'
// RLM with HuberT makes of the same rows, with its standard errors (Huber's H1). It is the reference that the online model is measured against. Null,
// not finite and weightless rows are left out. It holds all rows in memory.
func FitHuber(cfg Config, c Columns) (BatchFit, error) {
	if err := cfg.Validate(); err != nil {
		return BatchFit{}, err
	}
	if cfg.Trend.given() {
		return BatchFit{}, errors.New("estimator: a batch fit knows no trend")
	}
	rows, t := &warmRows{d: len(cfg.Features)}, newTile(cfg)
	for at := 0; at < c.count(); {
		_, at = t.gather(nil, c, at)
		for i := range t.n {
			rows.add(t.row(i), t.y[i], t.w[i])
		}
	}
	if rows.n() <= len(cfg.Features) {
		return BatchFit{}, errors.New("estimator: a batch fit needs more rows than coefficients")
	}
	b := newBasis(rows.d)
	b.fit(rows)
	f := newRobustFit(rows, &b, Leverage{Off: true}, 1)
	f.ridge = 0
	f.run(cfg.Delta, b.targetS, 1e-13, 1000)
	out := BatchFit{Scale: f.sigma * b.targetS, Iterations: f.iterations}
	out.Intercept, out.Coefficients = b.rawCoefficients(cfg.Features, f.beta, f.covarianceH1(f.delta(cfg.Delta, b.targetS)))
	return out, nil
}

// covarianceH1 of Huber (1981, 7.6): k² · [Σψ²/(n−p)] / [mean ψ′]² · (XᵀX)⁻¹, with k = 1 + p/n · var(ψ′)/(mean ψ′)².
func (f *robustFit) covarianceH1(delta float64) []float64 {
	n, p := float64(len(f.y)), float64(f.m)
	inside, squares := 0.0, 0.0
	clear(f.normal)
	for i, r := range f.residual {
		psi := max(-delta, min(delta, r))
		squares += float64(psi * psi)
		if math.Abs(r) <= delta {
			inside++
		}
		addOuter(f.normal, 1, f.row(i))
	}
	out := make([]float64, f.m*f.m)
	if !cholesky(f.normal, f.m) || inside == 0 {
		return out
	}
	invertCholesky(out, f.normal, f.m)
	mean := inside / n
	k := 1 + p/n*(mean*(1-mean))/(mean*mean)
	for i := range out {
		out[i] *= k * k * squares / (n - p) / (mean * mean)
	}
	return out
}
