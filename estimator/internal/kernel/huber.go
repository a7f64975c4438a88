package kernel

// Huber is stochastic gradient descent by the Huber loss over rows, in their order, from the weights w and the intercept b on:
//
//	p  = Σⱼ wⱼxⱼ + b                 as Dot sums it; the prediction
//	u  = gain·clip(y − p, ±δ)
//	wⱼ ← shrink·wⱼ + u·xⱼ
//	b  ← b + u·learnIntercept        1, or 0
//
// x holds the rows, each padded to len(w); y, gain, shrink and prediction have one number a row. NaN is not clipped: it ends up in w and b. It returns b.
func Huber(w, x, y, gain, shrink, prediction []float64, b, learnIntercept, delta float64) float64 {
	n := len(y)
	return huber(w, x[:n*len(w)], y, gain[:n], shrink[:n], prediction[:n], b, learnIntercept, delta)
}

func huberPortable(w, x, y, gain, shrink, prediction []float64, b, learnIntercept, delta float64) float64 {
	for i, target := range y {
		row := x[i*len(w) : (i+1)*len(w)]
		p := dotPortable(w, row) + b
		prediction[i] = p
		r := target - p
		if r > delta {
			r = delta
		}
		if r < -delta {
			r = -delta
		}
		u, keep := gain[i]*r, shrink[i]
		for j, v := range row {
			w[j] = float64(keep*w[j]) + float64(u*v)
		}
		b += float64(u * learnIntercept)
	}
	return b
}
