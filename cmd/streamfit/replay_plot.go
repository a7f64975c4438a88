package main

import "github.com/streamfit/streamfit/internal/fitplot"

// plot the fit, if a file for it is named.
func (p *replay) plot(path string) error {
	if path == "" {
		return nil
	}
	return fitplot.Figure{Paths: p.paths, Final: p.last, Passes: p.passes, Residuals: p.progressive.Residuals, Series: p.series}.Write(path)
}
