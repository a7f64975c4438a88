package kernel

// FewCoefficients is, padded, up to how many [LearnRun], [Regard] and [Advance] do by themselves what takes several loops of more.
const FewCoefficients = 5 * Lanes

// Regard a row x, padded with zeros as centre is, before it is learned from, by len(beta) coefficients of which rows are not padding:
//
//	z₀ is left as it is, zⱼ₊₁ = (xⱼ − centreⱼ)·perScaleⱼ;  far = max|zⱼ₊₁|;  pz = Pz
//
// It returns far, zᵀβ and zᵀPz. Sums are those of [Dot] and [SymmetricTimes]. z has room for centre after z₀, in which zeros need not be written.
func Regard(z, x, centre, perScale, beta, p, pz []float64, rows int) (far, product, h float64) {
	stride := len(beta)
	_, _, _ = x[:len(centre)], perScale[:len(centre)], p[:rows*stride]
	return regard(z[:max(stride, 1+len(centre))], x, centre, perScale, beta, p, pz[:stride], rows)
}

func regardPortable(z, x, centre, perScale, beta, p, pz []float64, rows int) (far, product, h float64) {
	features := z[1 : 1+len(centre)]
	standardisePortable(features, x[:len(centre)], centre, perScale)
	symmetricTimesPortable(pz, p[:rows*len(pz)], z[:rows])
	return maxAbsPortable(features), dotPortable(beta, z), dotPortable(pz, z)
}

// Advance by a row, as long as it is regarded:
//
//	β ← β + gain·Pz;  score ← score + scored·z;  Pz ← root·Pz;  P ← (P − Pz(Pz)ᵀ)·factor
//
// the last of them in so many rows of P, or none.
func Advance(beta, score, p, pz, z []float64, rows int, gain, scored, root, factor float64) {
	stride := len(beta)
	advance(beta, score[:stride], p[:rows*stride], pz[:stride], z[:stride], rows, gain, scored, root, factor)
}

func advancePortable(beta, score, p, pz, z []float64, rows int, gain, scored, root, factor float64) {
	addScaledPortable(beta, gain, pz)
	addScaledPortable(score, scored, z)
	for j, v := range pz {
		pz[j] = v * root
	}
	symmetricDowndatePortable(p, pz, rows, factor)
}
