package loss_test

import (
	"fmt"

	"github.com/streamfit/streamfit/loss"
)

// The last prediction is far off: squared error gives it almost all of the loss, Huber far less.
func Example() {
	target := []float64{3, 0, 4, 2}
	prediction := []float64{2.5, 0.3, 4.1, 12}
	values := make([]float64, len(target))
	for _, name := range []string{"half-squared", "huber", "mae"} {
		l, err := loss.New(loss.Spec{Name: name, Delta: 1})
		if err != nil {
			fmt.Println(err)
			return
		}
		loss.Values(values, l, prediction, target)
		fmt.Printf("%-12s %6.3f  mean %.4g\n", name, values, loss.MeanOverCount(values, nil))
	}
	// Output:
	// half-squared [ 0.125  0.045  0.005 50.000]  mean 12.54
	// huber        [ 0.125  0.045  0.005  9.500]  mean 2.419
	// mae          [ 0.500  0.300  0.100 10.000]  mean 2.725
}

// show a loss and its derivative at a small and at a large residual.
func show(l loss.Loss) {
	for _, residual := range []float64{-0.5, 10} {
		fmt.Printf("r = %4v: %.4g, %.4g\n", residual, l.Value(residual, 0), l.Derivative(residual, 0))
	}
}

func ExampleSquared() {
	show(loss.Squared{})
	// Output:
	// r = -0.5: 0.25, -1
	// r =   10: 100, 20
}

func ExampleHalfSquared() {
	show(loss.HalfSquared{})
	// Output:
	// r = -0.5: 0.125, -0.5
	// r =   10: 50, 10
}

func ExampleAbsolute() {
	show(loss.Absolute{})
	// Output:
	// r = -0.5: 0.5, -1
	// r =   10: 10, 1
}

func ExampleSmoothL1() {
	show(loss.SmoothL1{Beta: 2})
	// Output:
	// r = -0.5: 0.0625, -0.25
	// r =   10: 9, 1
}

func ExampleHuber() {
	show(loss.Huber{Delta: 2})
	// Output:
	// r = -0.5: 0.125, -0.5
	// r =   10: 18, 2
}

func ExamplePseudoHuber() {
	show(loss.PseudoHuber{Delta: 2})
	// Output:
	// r = -0.5: 0.1231, -0.4851
	// r =   10: 16.4, 1.961
}

func ExampleLogCosh() {
	show(loss.LogCosh{})
	// Output:
	// r = -0.5: 0.1201, -0.4621
	// r =   10: 9.307, 1
}

func ExampleQuantile() {
	show(loss.Quantile{Tau: 0.9})
	// Output:
	// r = -0.5: 0.45, -0.9
	// r =   10: 1, 0.1
}

func ExampleEpsilonInsensitive() {
	show(loss.EpsilonInsensitive{Epsilon: 1})
	// Output:
	// r = -0.5: 0, 0
	// r =   10: 9, 1
}

func ExampleSquaredEpsilonInsensitive() {
	show(loss.SquaredEpsilonInsensitive{Epsilon: 1})
	// Output:
	// r = -0.5: 0, 0
	// r =   10: 81, 18
}

func ExampleNew() {
	_, err := loss.New(loss.Spec{Name: "huber", Delta: -1})
	fmt.Println(err)
	// Output: loss huber: delta is -1, it must be a finite number greater than 0
}

// A row of weight 3 counts as three rows when the sum is divided by the weights, as numpy.average does; Keras' default divides by the
// number of rows.
func ExampleMeanOverWeight() {
	values, weights := []float64{1, 5}, []float64{3, 1}
	fmt.Println(loss.MeanOverWeight(values, weights), loss.MeanOverCount(values, weights))
	// Output: 2 4
}

// Regression of a bounding box: offsets of its centre and the logarithms of its width and height ratios, one of them far off. Fast R-CNN sums
// the smooth L1 loss of the four, with β = 1; a smaller β keeps small offsets precise.
func ExampleSmoothL1_boundingBox() {
	target := []float64{0.10, -0.05, 0.20, 0.00}
	prediction := []float64{0.12, -0.02, 0.15, 1.80}
	values, gradient := make([]float64, 4), make([]float64, 4)
	l := loss.SmoothL1{Beta: 0.1}
	loss.Values(values, l, prediction, target)
	loss.Derivatives(gradient, l, prediction, target)
	fmt.Printf("sum %.4f, gradient %.1f\n", loss.Sum(values, nil), gradient)
	// Output: sum 1.7690, gradient [0.2 0.3 -0.5 1.0]
}
