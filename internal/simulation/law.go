package simulation

import "math"

// Law is the RMSE that the batch fit's asymptotic variance gives the slopes of a scenario of normal features and noise, with two-sided outliers or none: for
// more features than a batch fit is computed of in a moment. With p the share of outliers, and σ̂ = m/0.6745 the MAD that they have inflated, (1 − p)(2Φ(m) − 1) = ½,
//
//	δ = 1.345 σ̂,   Eψ² = (1 − p)·E min(e², δ²) + p·δ²,   Eψ′ = (1 − p)(2Φ(δ) − 1)
//	RMSE² = Eψ²/(Eψ′)² · mean diag(Σ⁻¹)/(n − d)
func Law(s Scenario) float64 {
	const normalMAD, k = 0.6744897501960817, 1.345
	p := s.Outliers.Share
	delta := k / normalMAD * math.Sqrt2 * math.Erfinv(0.5/(1-p))
	within := math.Erf(delta / math.Sqrt2)
	density := math.Exp(-delta*delta/2) / math.Sqrt(2*math.Pi)
	squares := (1-p)*(within-2*delta*density+delta*delta*(1-within)) + p*delta*delta
	slope := (1 - p) * within
	d := float64(s.Features)
	diagonal := 1.0
	if d > 1 {
		diagonal = ((d-2)*(1+rho*rho) + 2) / (1 - rho*rho) / d
	}
	return math.Sqrt(squares / (slope * slope) * diagonal / (float64(s.Rows) - d))
}

// OfNormalRows tells whether Law holds for the scenario.
func (s Scenario) OfNormalRows() bool {
	return s.TailX == 0 && s.TailNoise == 0 && s.Phi == 0 && !s.Skedastic && !s.Outliers.OneSided && s.FarRows == 0 && s.GlitchCells == 0 && s.Drift == nil
}
