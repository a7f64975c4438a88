// Package goodness says how well a model fits the rows that it predicted before it learned from them, or that it never learned from: residuals and their
// quantiles, losses beside those of the best constant, tests of coefficients. It sees every row once, in order, and keeps a bounded amount of memory
// whatever their number; the same rows give the same bits.
package goodness
