package kernel

// SymmetricTimes writes Pz to dst, for a symmetric P of len(z) rows, each padded to len(dst): Σⱼ zⱼ·(row j), in the order of j.
func SymmetricTimes(dst, p, z []float64) { symmetricTimes(dst, p[:len(z)*len(dst)], z) }

// SymmetricDowndate is P ← (P − qqᵀ)·factor, for P of the given number of rows, each padded to len(q). What is symmetric stays so, to the bit.
func SymmetricDowndate(p, q []float64, rows int, factor float64) {
	symmetricDowndate(p[:rows*len(q)], q, rows, factor)
}

func symmetricTimesPortable(dst, p, z []float64) {
	clear(dst)
	for j, zj := range z {
		for i, v := range p[j*len(dst) : (j+1)*len(dst)] {
			dst[i] += float64(v * zj)
		}
	}
}

func symmetricDowndatePortable(p, q []float64, rows int, factor float64) {
	for i := range rows {
		qi, row := q[i], p[i*len(q):(i+1)*len(q)]
		for j, qj := range q {
			row[j] = (row[j] - float64(qi*qj)) * factor
		}
	}
}
