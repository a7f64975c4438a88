// Package kernel holds the inner loops of the solvers, over slices whose lengths are multiples of [Lanes].
//
// Every loop exists in portable Go, which says what it computes to the bit: which products, added in which order, each rounded. Where the
// processor has AVX2 the same is computed by assembly, in the same order and without fused multiply-add, so that the kernels do not make a
// model depend on the machine it learned on. (math.Exp and math.Pow outside of them may: the standard library takes other instructions where there are some.) The tests hold the two against each other, bit by bit. The assembly is written by the program in asm/.
package kernel

//go:generate sh -c "cd asm && go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel"

// Lanes is what row lengths are padded to, with zeros: the number of float64 in a vector register.
const Lanes = 4

// Padded is the smallest multiple of Lanes that is n or more.
func Padded(n int) int { return (n + Lanes - 1) / Lanes * Lanes }

// Pad a slice with zeros to a multiple of Lanes.
func Pad(values []float64) []float64 {
	padded := make([]float64, Padded(len(values)))
	copy(padded, values)
	return padded
}
