package estimator

import (
	"math"

	"github.com/streamfit/streamfit/estimator/internal/kernel"
)

// The learning rates of solver "sgd", as scikit-learn calls them.
const (
	rateConstant   = "constant"
	rateInvScaling = "invscaling"
	rateOptimal    = "optimal"
	rateAdaptive   = "adaptive"
	ratePA1        = "pa1"
	ratePA2        = "pa2"
)

// schedule gives the learning rate η of step t = 1, 2, …:
//
//	constant    η₀
//	invscaling  η₀ / t^power
//	optimal     1 / (α(t₀ + t − 1))
//	adaptive    η₀
//	pa1, pa2    η₀, of the penalty's decay alone: passiveaggressive.go
//
// scikit-learn's "adaptive" divides η by 5 where the training loss of passes within one call of fit has stopped falling. It starts at η₀ with every call
// of partial_fit, so that in a stream, whose passes are such calls, it is "constant".
//
// In "optimal" t₀ = 1/(wα) makes the first rate a typical weight, w = α^(−1/4) (Bottou, "Stochastic Gradient Descent Tricks", 2012, as scikit-learn has it;
// its division by max(1, ℓ′) at prediction −w and target 1 is left out, for ℓ′ < 0 there).
type schedule struct {
	kind               string
	eta0, power, alpha float64
	t0                 float64 // of "optimal" alone
}

func newSchedule(c SGD) schedule {
	typical := math.Sqrt(1 / math.Sqrt(c.Alpha))
	return schedule{kind: c.LearningRate, eta0: c.Eta0, power: c.PowerT, alpha: c.Alpha, t0: 1 / float64(typical*c.Alpha)}
}

// rate at step t.
func (s *schedule) rate(t float64) float64 {
	switch s.kind {
	case rateInvScaling:
		return s.eta0 / power(t, s.power)
	case rateOptimal:
		return 1 / float64(s.alpha*(s.t0+t-1))
	default:
		return s.eta0
	}
}

// divisors of the rates of steps t, t+1, …: the rate is the numerator over them, to the bit what rate has.
func (s *schedule) divisors(dst []float64, t float64) (numerator float64) {
	for i := range dst {
		dst[i] = t + float64(i)
	}
	switch {
	case s.kind == rateOptimal:
		for i, t := range dst {
			dst[i] = s.alpha * (s.t0 + t - 1)
		}
		return 1
	case s.kind == rateInvScaling && s.power == 0.25:
		kernel.Sqrt(dst)
		kernel.Sqrt(dst)
	case s.kind == rateInvScaling:
		for i, t := range dst {
			dst[i] = power(t, s.power)
		}
	default:
		for i := range dst {
			dst[i] = 1
		}
	}
	return s.eta0
}

// power is t^p. The exponents in use are roots, which cost a tenth of math.Pow and are as exact.
func power(t, p float64) float64 {
	switch p {
	case 0.25:
		return math.Sqrt(math.Sqrt(t))
	case 0.5:
		return math.Sqrt(t)
	case 1:
		return t
	}
	return math.Pow(t, p)
}
