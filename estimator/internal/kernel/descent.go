package kernel

// Narrow is the largest number of features, padded, of a [Descent].
const Narrow = 4 * Lanes

// Descent is stochastic gradient descent by the Huber loss over few features. It keeps the step of the last row apart: the weights are
// Keptⱼ + Scale·Stepⱼ. So the next row's prediction can be summed over Kept and over Step before that row's residual, in Scale, is known.
type Descent struct {
	Kept, Step []float64
	Scale      float64
	Intercept  float64
}

// Weights in force.
func (s *Descent) Weights(dst []float64) {
	for j, kept := range s.Kept {
		dst[j] = kept + float64(s.Scale*s.Step[j])
	}
}

// Learn rows in their order:
//
//	s      = Σⱼ Keptⱼxⱼ + Scale·Σⱼ Stepⱼxⱼ     both as Dot sums them; the prediction is s + Intercept
//	Kept   ← shrink·(Kept + Scale·Step)
//	Step   ← gain·x
//	Scale  ← clip((y − Intercept) − s, ±bound)
//	Intercept ← Intercept + Scale·(gain·learnIntercept)     learnIntercept 1, or 0
//
// x holds the rows, each padded to stride, len(Kept) or more; y, gain, shrink, bound and prediction have one number a row. NaN is not clipped.
func (s *Descent) Learn(x []float64, stride int, y, gain, shrink, bound, prediction []float64, learnIntercept float64) {
	n := len(y)
	descend(s, x[:n*stride], stride, y, gain[:n], shrink[:n], bound[:n], prediction[:n], learnIntercept)
}

func descendPortable(s *Descent, x []float64, stride int, y, gain, shrink, bound, prediction []float64, learnIntercept float64) {
	scale, b := s.Scale, s.Intercept
	for i, target := range y {
		row := x[i*stride:][:len(s.Kept)]
		sum := dotPortable(s.Kept, row) + float64(scale*dotPortable(s.Step, row))
		prediction[i] = sum + b
		g, keep := gain[i], shrink[i]
		for j, v := range row {
			s.Kept[j] = keep * (s.Kept[j] + float64(scale*s.Step[j]))
			s.Step[j] = g * v
		}
		scale = clip((target-b)-sum, bound[i])
		b += float64(scale * float64(g*learnIntercept))
	}
	s.Scale, s.Intercept = scale, b
}

// clip to ±bound; NaN stays NaN.
func clip(v, bound float64) float64 {
	if v > bound {
		return bound
	}
	if v < -bound {
		return -bound
	}
	return v
}
