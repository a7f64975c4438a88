package kernel

// Huber is stochastic gradient descent by the Huber loss over rows, in their order, from the weights w and the intercept b on:
//
//	s  = Σⱼ wⱼxⱼ                     as Dot sums it; the prediction is s + b
//	c  = clip((y − b) − s, ±bound)
//	wⱼ ← shrink·wⱼ + c·(gain·xⱼ)      of more than 16 features shrink·wⱼ + (c·gain)·xⱼ: a row waits for the one before less, or has less to do
//	b  ← b + c·(gain·learnIntercept)  1, or 0
//
// x holds the rows, each padded to stride, len(w) or more; y, gain, shrink, bound and prediction have one number a row. NaN is not clipped: it ends up in w and b. It returns b.
func Huber(w, x []float64, stride int, y, gain, shrink, bound, prediction []float64, b, learnIntercept float64) float64 {
	n := len(y)
	return huber(w, x[:n*stride], stride, y, gain[:n], shrink[:n], bound[:n], prediction[:n], b, learnIntercept)
}

func huberPortable(w, x []float64, stride int, y, gain, shrink, bound, prediction []float64, b, learnIntercept float64) float64 {
	for i, target := range y {
		row := x[i*stride:][:len(w)]
		sum := dotPortable(w, row)
		prediction[i] = sum + b
		c := (target - b) - sum
		if c > bound[i] {
			c = bound[i]
		}
		if c < -bound[i] {
			c = -bound[i]
		}
		moveHuber(w, row, c, gain[i], shrink[i])
		b += float64(c * float64(gain[i]*learnIntercept))
	}
	return b
}

const fewFeatures = 4 * Lanes

func moveHuber(w, x []float64, c, gain, shrink float64) {
	if len(w) > fewFeatures {
		u := c * gain
		for j, v := range x {
			w[j] = float64(shrink*w[j]) + float64(u*v)
		}
		return
	}
	for j, v := range x {
		w[j] = float64(shrink*w[j]) + float64(c*float64(gain*v))
	}
}

// Gains of rows for [Huber], any number of them: with the learning rate η = numerator/divisor of each, gain = η·weight and shrink = max(0, 1 − η·alpha).
func Gains(gain, shrink, divisor, weight []float64, numerator, alpha float64) {
	n := len(gain)
	shrink, divisor, weight = shrink[:n], divisor[:n], weight[:n]
	whole := n / Lanes * Lanes
	gains(gain[:whole], shrink[:whole], divisor[:whole], weight[:whole], numerator, alpha)
	gainsPortable(gain[whole:], shrink[whole:], divisor[whole:], weight[whole:], numerator, alpha)
}

func gainsPortable(gain, shrink, divisor, weight []float64, numerator, alpha float64) {
	for i, d := range divisor {
		rate := numerator / d
		shrink[i] = max(0, 1-float64(rate*alpha))
		gain[i] = rate * weight[i]
	}
}
