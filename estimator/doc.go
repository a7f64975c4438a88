// Package estimator fits outlier-robust linear models to streams of rows.
//
// A [Linear] model learns row by row. Each row is predicted first, then learned from, so its [Metrics] are of progressive validation: honest out-of-sample loss.
// The model is a function of its [Config] and of the rows and their order. How rows are cut into [Columns], and where a snapshot was taken and restored, changes
// no bit of it. The package has no goroutine, clock, log or I/O.
//
// # Solvers
//
// Solver "newton", the default, is the implicit Newton–Huber method: stochastic gradient descent preconditioned by the running inverse Hessian, O(d²) a row, with
// nothing to tune and with standard errors. It keeps the first rows (Config.WarmUp, 1,024 of them) and refits them robustly at 1, 2, 4, … rows, for centre, scale, start and curvature; from
// then on it learns from each row once. The formulas are at the type newton, the warm start at robustFit.
//
// With a [Trend], the time is a feature, with level, slope and seasons about an origin that moves along.
//
// Solver "sgd" is scikit-learn's SGDRegressor, to the last digits.
//
// # Many models
//
// Models of one [Config] that come by the thousand, one for each sensor say, are made by a [Family], share what is not their own, and pick their rows from
// columns that hold those of all of them (Columns.Pick).
//
// [FitHuber] is the batch M-estimate that the online model is measured against.
//
// # References
//
//   - P. J. Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964)
//   - H. Robbins and S. Monro, A stochastic approximation method, Ann. Math. Statist. 22 (1951)
//   - A. Blum, A. Kalai and J. Langford, Beating the hold-out, COLT 1999
//   - P. Toulis and E. Airoldi, Asymptotic and finite-sample properties of estimators based on stochastic gradients, Ann. Statist. 45 (2017)
//   - C. Boyer and A. Godichon-Baggioni, On the asymptotic rate of convergence of stochastic Newton algorithms, arXiv 2011.09706
package estimator
