package estimator

// solver is how a Linear learns.
type solver interface {
	// learn the rows of a tile in order. Each is predicted first: the prediction, finite always, and the knee in force (in units of the target,
	// +Inf where the loss has none) are written beside it before anything is learned from it.
	learn(t *tile)
	// predict the target of a row, by what has been learned so far; always finite.
	predict(x []float64) float64
	// endPass tells that the stream's rows have all been learned and come again.
	endPass()
	// report coefficients, scale and status, in raw units.
	report(r *Report)
	appendState(e *encoder)
	restoreState(d *decoder)
}
