package kernel

// Standardised rows: Z holds them one after another, and the rest has one number a row.
type Standardised struct {
	Z       []float64
	Square  []float64 // Σⱼ zⱼ², as Dot sums it
	Far     []float64 // max |zⱼ|; of no use if one of them is not finite
	Product []float64 // Σⱼ zⱼ·meanⱼ, as Dot sums it
}

// StandardiseRows sets dst, of as many rows as it has room for, to zⱼ = (xⱼ − centreⱼ)·perScaleⱼ; x holds the rows, each padded to stride.
func StandardiseRows(dst *Standardised, x []float64, stride int, centre, perScale, mean []float64) {
	d, rows := len(centre), len(dst.Square)
	if rows == 0 {
		return
	}
	_ = x[:(rows-1)*stride+d]
	s := Standardised{Z: dst.Z[:rows*d], Square: dst.Square, Far: dst.Far[:rows], Product: dst.Product[:rows]}
	standardiseRows(&s, x, stride, centre, perScale[:d], mean[:d])
}

func standardiseRowsPortable(dst *Standardised, x []float64, stride int, centre, perScale, mean []float64) {
	d := len(centre)
	for i := range dst.Square {
		z := dst.Z[i*d : (i+1)*d]
		standardisePortable(z, x[i*stride:][:d], centre, perScale)
		dst.Square[i], dst.Far[i], dst.Product[i] = dotPortable(z, z), maxAbsPortable(z), dotPortable(z, mean)
	}
}
