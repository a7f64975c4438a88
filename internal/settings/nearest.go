package settings

import "strings"

// didYouMean names the candidate nearest to what was written, if one is near.
func didYouMean(written string, candidates []string) string {
	best, distance := "", 1+max(2, len(written)/4)
	for _, c := range candidates {
		if d := editDistance(strings.ToLower(written), strings.ToLower(c)); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		best = sameLastName(written, candidates)
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// sameLastName finds the one candidate that ends as written does, for settings looked for in another section.
func sameLastName(written string, candidates []string) (found string) {
	last := written[strings.LastIndexByte(written, '.')+1:]
	for _, c := range candidates {
		if c[strings.LastIndexByte(c, '.')+1:] == last {
			if found != "" {
				return ""
			}
			found = c
		}
	}
	return found
}

// editDistance counts the insertions, deletions, substitutions and swaps of neighbours that turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
