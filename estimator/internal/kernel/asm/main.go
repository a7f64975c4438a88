// Command asm writes the AVX2 twins of package kernel's loops: go generate in the package's directory runs it.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")
	dot()
	addScaled()
	addScoresOf()
	watch()
	endBlock()
	standardise()
	maxAbs()
	squareRoots()
	finite()
	gains()
	gather()
	huberOneVector()
	for vectors := 2; vectors <= mostInRegisters; vectors++ {
		huberInRegisters(vectors)
	}
	huberInMemory()
	for vectors := 1; vectors <= mostInRegisters; vectors++ {
		descent(vectors)
	}
	stepsOneVector()
	for vectors := 2; vectors <= mostInRegisters; vectors++ {
		steps(vectors)
	}
	progress()
	survey()
	joinPath()
	for vectors := 1; vectors <= mostCoefficients; vectors++ {
		regard(vectors)
		advance(vectors)
	}
	runs(mostCoefficients)
	symmetricTimes()
	symmetricDowndate()
	Generate()
}
