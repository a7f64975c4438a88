// Package hostile measures what hostile messages cost the good ones: the whole way through a broker, at full rate. docs/measured/hostile.md has the figures.
package hostile
