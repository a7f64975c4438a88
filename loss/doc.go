// Package loss holds the losses of robust regression as small values: how bad a prediction is, and its derivative with respect to the
// prediction.
//
// With the residual r = prediction − target:
//
//	type, name                                            ℓ(r)                          ℓ′(r)                    choose it when
//	Absolute, mae                                         |r|                           sign r                   gross outliers; you want the median
//	Squared, mse                                          r²                            2r                       noise is Gaussian; you want the mean
//	HalfSquared, half-squared                             ½r²                           r                        the same, in the convention of Huber
//	SmoothL1, smooth-l1                                   ½r²/β up to β, |r| − ½β       r/β, sign r              box regression; slope 1 whatever β is
//	Huber, huber                                          ½r² up to δ, δ(|r| − ½δ)      r clamped to ±δ          mostly clean data with outliers
//	PseudoHuber, pseudo-huber                             δ²(√(1 + (r/δ)²) − 1)         r/√(1 + (r/δ)²)          Huber for optimisers that want curvature
//	LogCosh, log-cosh                                     log cosh r                    tanh r                   the same without a parameter
//	Quantile, quantile                                    max(−τr, (1 − τ)r)            −τ, 1 − τ                too low and too high cost differently
//	EpsilonInsensitive, epsilon-insensitive               max(|r| − ε, 0)               sign r beyond ±ε         small errors do not matter
//	SquaredEpsilonInsensitive, squared-epsilon-insensitive max(|r| − ε, 0)²             2(|r| − ε)·sign r        the same, without a corner
//
// Parameters are in the unit of the target, except τ, which is a probability. Literal values are ready for use; Validate says whether their
// parameter makes sense, and New makes a loss from its name and validates it.
//
// [Values] and [Derivatives] work on slices without allocating: the slice that is written, dst, comes first and belongs to the caller.
// [Weighted], [Sum], [MeanOverCount] and [MeanOverWeight] reduce them; the two means differ only in what they divide by.
//
// Results agree with PyTorch, Keras and scikit-learn in double precision to 1e-15 relative; where a library itself is off (a rounded constant, an
// overflow), they agree with a computation in 50 digits. golden/loss.py makes the values that the tests compare with. Products are rounded
// before they are added, so no architecture fuses them and results do not depend on it (LogCosh apart, which calls exp).
package loss
