// Package simulation draws streams whose truth is known, lets models learn them, and scores what the models say: how far their slopes are from the truth beside
// the batch fit of the same rows, how often their 95 % intervals hold it, and how long these are.
//
// A [Scenario] is a recipe of rows, a [Candidate] a model that is tried on it, [Run] gives their [Score]s over many seeds. Everything follows from the seeds: the
// same call gives the same bits. The short form is in the tests of this package, the long form is `make simulate`.
package simulation
