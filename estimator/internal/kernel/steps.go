package kernel

// Steps are those of stochastic gradient descent by the Huber loss over few features, an intercept among them, as a [Descent] without shrinking takes them: the
// weights are Keptⱼ + Scale·Stepⱼ and the intercept is KeptIntercept + Scale·StepIntercept. The intercept is summed where the weights are, so what a row
// waits for of the one before is one product, one difference and the clip.
type Steps struct {
	Kept, Step                   []float64 // of at most [Narrow] features
	KeptIntercept, StepIntercept float64
	Scale                        float64
}

// Take the steps of rows in their order:
//
//	r = ((y − KeptIntercept) − Σⱼ Keptⱼzⱼ) − Scale·(Σⱼ Stepⱼzⱼ + StepIntercept)     sums as Dot's
//	Kept ← Kept + Scale·Step;  Step ← gain·z       of the intercept z is 1
//	Scale ← clip(r, ±limit)
//
// z holds the rows, one after another; y, gain and limit have one number a row. NaN is not clipped.
func (s *Steps) Take(z, y, gain, limit []float64) {
	n := len(y)
	take(s, z[:n*len(s.Kept)], y, gain[:n], limit[:n])
}

func takePortable(s *Steps, z, y, gain, limit []float64) {
	d := len(s.Kept)
	for i, target := range y {
		row := z[i*d : (i+1)*d]
		e, f := (target-s.KeptIntercept)-dotPortable(s.Kept, row), dotPortable(s.Step, row)+s.StepIntercept
		s.Join(gain[i], row)
		s.Scale = clip(e-float64(s.Scale*f), limit[i])
	}
}

// Join both parts, and let the next step be gain·z.
func (s *Steps) Join(gain float64, z []float64) {
	for j, v := range z {
		s.Kept[j] += float64(s.Scale * s.Step[j])
		s.Step[j] = gain * v
	}
	s.KeptIntercept += float64(s.Scale * s.StepIntercept)
	s.StepIntercept = gain
}
