package simulation

// Scenario is a recipe of rows: with z the features in units of their own scales and e the noise in units of its own,
//
//	xⱼ = offsetⱼ + scaleⱼ·zⱼ        y = level + σ·(truth₀ + Σ truthⱼ zⱼ + e)
//
// The zero value of a field leaves out what it describes.
type Scenario struct {
	Name           string
	Features, Rows int

	TailX       float64 // degrees of freedom of Student's t that z follows, scaled to a variance of 1 where it has one; 0: normal
	TailNoise   float64 // the same of e, not scaled
	Phi         float64 // autocorrelation of z and of e from row to row: AR(1)
	Skedastic   bool    // e's variance grows with z₁: (1 + z₁²)/2 of what it would be
	Outliers    Outliers
	FarRows     float64 // share of rows whose x is replaced by normal noise of 100 scales, with y as it was: bad leverage
	GlitchCells float64 // share of the cells of every column replaced by normal noise of 20 scales, with y as it was

	// Drift moves the truth, intercept first, in place before a row is drawn; nil: it stands still.
	Drift func(row int, truth []float64)
}

// Outliers are a share of rows whose target is off by Low to High noise scales, to both sides or to one.
type Outliers struct {
	Share, Low, High float64
	OneSided         bool
}

// gross outliers of a share of the rows.
func gross(share float64, oneSided bool) Outliers {
	return Outliers{Share: share, Low: 10, High: 100, OneSided: oneSided}
}

// rho is the correlation of neighbouring features: corr(zᵢ, zⱼ) = ρ^|i−j|.
const rho = 0.5

// Plain scenarios are those in which all x can be trusted.
func Plain(features, rows int) []Scenario {
	base := Scenario{Features: features, Rows: rows}
	return []Scenario{
		base.with("Gaussian", func(*Scenario) {}),
		base.with("t₂ noise", func(s *Scenario) { s.TailNoise = 2 }),
		base.with("heteroscedastic", func(s *Scenario) { s.Skedastic = true }),
		base.with("20 % ± gross outliers", func(s *Scenario) { s.Outliers = gross(0.2, false) }),
		base.with("40 % ± gross outliers", func(s *Scenario) { s.Outliers = gross(0.4, false) }),
		base.with("20 % one-sided outliers", func(s *Scenario) { s.Outliers = gross(0.2, true) }),
		base.with("AR(1) x and noise, φ = 0.6", func(s *Scenario) { s.Phi = 0.6 }),
	}
}

// Far scenarios have rows far out in x: good ones that lie on the plane, and bad ones.
func Far(features, rows int) []Scenario {
	base := Scenario{Features: features, Rows: rows}
	return []Scenario{
		base.with("Gaussian", func(*Scenario) {}),
		base.with("x ~ t₃", func(s *Scenario) { s.TailX = 3 }),
		base.with("5 % rows of noise of 100 sd in x", func(s *Scenario) { s.FarRows = 0.05 }),
		base.with("1 % of cells noise of 20 sd", func(s *Scenario) { s.GlitchCells = 0.01 }),
		base.with("5 % of cells noise of 20 sd", func(s *Scenario) { s.GlitchCells = 0.05 }),
		base.with("x ~ t₃ and 1 % of cells noise", func(s *Scenario) { s.TailX, s.GlitchCells = 3, 0.01 }),
	}
}

func (s Scenario) with(name string, change func(*Scenario)) Scenario {
	s.Name = name
	change(&s)
	return s
}
