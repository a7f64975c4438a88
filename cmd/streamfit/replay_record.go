package main

import (
	"encoding/json"

	"github.com/streamfit/streamfit/internal/goodness"
	"github.com/streamfit/streamfit/pipeline"
)

// replayRecord is the final update of a replay, and how well the model fits. Numbers that do not exist are null.
type replayRecord struct {
	*pipeline.Update
	Fit fitRecord `json:"fit"`
}

// fitRecord says how well the model fits: by the rows of the first pass, each predicted before it was learned, and by the rows held out.
type fitRecord struct {
	Passes       int             `json:"passes"`
	R2           pipeline.Number `json:"r2"` // 1 − Σρ(model)/Σρ(best constant)
	Outliers     pipeline.Number `json:"outlier_share"`
	Guarded      pipeline.Number `json:"guarded_share"`
	Residuals    quantiles       `json:"residuals"` // target − prediction
	Intercept    test            `json:"intercept"`
	Coefficients tests           `json:"coefficients"`
	Holdout      *holdoutRecord  `json:"holdout"` // null: no row was held out
}

// holdoutRecord is of the rows that were not learned, predicted by the final model.
type holdoutRecord struct {
	Rows      uint64           `json:"rows"`
	Skipped   pipeline.Skipped `json:"skipped"`
	Loss      pipeline.Number  `json:"loss"`
	MAE       pipeline.Number  `json:"mae"`
	RMSE      pipeline.Number  `json:"rmse"`
	R2        pipeline.Number  `json:"r2"`
	Outliers  pipeline.Number  `json:"outlier_share"`
	Residuals quantiles        `json:"residuals"`
}

// quantiles of residuals, in units of the target.
type quantiles struct {
	Min    pipeline.Number `json:"min"`
	P1     pipeline.Number `json:"p1"`
	P5     pipeline.Number `json:"p5"`
	P25    pipeline.Number `json:"p25"`
	Median pipeline.Number `json:"p50"`
	P75    pipeline.Number `json:"p75"`
	P95    pipeline.Number `json:"p95"`
	P99    pipeline.Number `json:"p99"`
	Max    pipeline.Number `json:"max"`
}

// test of the hypothesis that a coefficient is 0.
type test struct {
	Z pipeline.Number `json:"z"`
	P pipeline.Number `json:"p"`
}

// tests of the features' coefficients, written as a JSON object in the order of the features, as the coefficients themselves.
type tests []namedTest

type namedTest struct {
	name string
	test
}

// MarshalJSON implements json.Marshaler.
func (t tests) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, c := range t {
		name, err := json.Marshal(c.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(c.test)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

func (p *replay) record() replayRecord {
	u := p.last
	learned := float64(u.Rows.Learned)
	fit := fitRecord{
		Passes: p.passes, R2: pipeline.Number(p.progressive.R2(len(u.Coefficients) + 1)),
		Outliers: pipeline.Number(float64(u.Rows.Outliers) / learned), Guarded: pipeline.Number(float64(u.Rows.Guarded) / learned),
		Residuals: quantilesOf(p.progressive.Residuals), Intercept: testOf(u.Solver, u.Intercept),
	}
	for _, c := range u.Coefficients {
		fit.Coefficients = append(fit.Coefficients, namedTest{c.Name, testOf(u.Solver, c.Interval)})
	}
	if p.held != nil {
		fit.Holdout = p.holdoutRecord(len(u.Coefficients) + 1)
	}
	return replayRecord{u, fit}
}

func (p *replay) holdoutRecord(coefficients int) *holdoutRecord {
	loss, mae, rmse := p.held.Loss()
	return &holdoutRecord{
		Rows:    p.held.Rows(),
		Skipped: pipeline.NewSkipped(p.heldSkipped),
		Loss:    pipeline.Number(loss), MAE: pipeline.Number(mae), RMSE: pipeline.Number(rmse), R2: pipeline.Number(p.held.R2(coefficients)),
		Outliers: pipeline.Number(float64(p.held.Outliers) / float64(p.held.Rows())), Residuals: quantilesOf(p.held.Residuals),
	}
}

func quantilesOf(r *goodness.Residuals) quantiles {
	at := func(p float64) pipeline.Number { return pipeline.Number(r.Quantile(p)) }
	return quantiles{at(0), at(0.01), at(0.05), at(0.25), at(0.5), at(0.75), at(0.95), at(0.99), at(1)}
}

// testOf a coefficient by the normal law. Solver asgd's intervals are of another law, by which no z and p are known.
func testOf(solver string, i pipeline.Interval) test {
	se := float64(i.SE)
	if solver == "asgd" {
		se = 0
	}
	z, p := goodness.ZTest(float64(i.Value), se)
	return test{pipeline.Number(z), pipeline.Number(p)}
}
