//go:build !linux

package main

func onLargePages(values int) []float64 { return make([]float64, values) }
