package main

import (
	"os"
	"testing"
)

// The figure of docs/losses.md is what the program draws.
func TestLossesPageShowsTheFigure(t *testing.T) {
	path := t.TempDir() + "/losses.svg"
	runLoss(t, "--figure", path)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/losses.svg")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/losses.svg is out of date: go run ./cmd/streamfit loss --figure docs/losses.svg")
	}
}
