package estimator

// solver is how a Linear learns: one row at a time, each predicted before it is learned from.
type solver interface {
	// predict the target of a row; always finite. learn refers to the row of the last predict.
	predict(x []float64) float64
	// learn from the row just predicted.
	learn(x []float64, prediction, y, w float64) verdict
	// knee δ in force, in units of the target; +Inf where the loss has none.
	knee() float64
	// report coefficients, scale and status, in raw units.
	report(r *Report)
	appendState(e *encoder)
	restoreState(d *decoder)
}

// verdict on a learned row.
type verdict struct{ outlier, guarded bool }
