// Package settings lays the values of a file, of the environment and of flags over a struct of defaults, all through one door: [Layers.Set], which
// takes a path and a text. So whatever one layer can say the others can say too, in the same words, and the last one that spoke is known.
//
// The leaves of the struct are its settings: fields of type string, bool, int, int64, float64, time.Duration, []string, or any type that reads
// itself as text. Their yaml tags make the paths:
//
//	model.target              in a file    model: {target: delay}
//	STREAMFIT_MODEL_TARGET    in the environment, with the prefix STREAMFIT
//	model.target=delay        on the command line
//
// A field with the tag secret:"true" takes its value from the environment alone, or in a file from ${VARIABLE}; no error and no output shows it.
package settings
