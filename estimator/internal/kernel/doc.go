// Package kernel holds the inner loops of the solvers, over slices whose lengths are multiples of [Lanes].
//
// Every loop exists in portable Go, which says what it computes to the bit: which products, added in which order, each rounded. Where the
// processor has AVX2 the same is computed by assembly, in the same order and without fused multiply-add, so that a model does not depend on the
// machine it learned on. The tests hold the two against each other, bit by bit.
package kernel

// Lanes is what row lengths are padded to, with zeros: the number of float64 in a vector register.
const Lanes = 4

// Padded is the smallest multiple of Lanes that is n or more.
func Padded(n int) int { return (n + Lanes - 1) / Lanes * Lanes }
