package arrowipc

// arena hands out slices of one block, which are all given back at once. A block that is too small for a message is replaced by a larger one, so that
// the next such message needs no memory; but one block is kept and no more of it than arenaKeeps, so that no sequence of messages adds up.
type arena[T byte | float64] struct {
	block []T
	used  int
}

const arenaKeeps = 4 << 20 // bytes

// take n elements, of unspecified value.
func (a *arena[T]) take(n int) []T {
	if n > len(a.block)-a.used {
		a.block, a.used = make([]T, max(n, min(2*len(a.block), a.keeps()))), 0
	}
	s := a.block[a.used : a.used+n : a.used+n]
	a.used += n
	return s
}

func (a *arena[T]) reset() {
	if len(a.block) > a.keeps() {
		a.block = nil
	}
	a.used = 0
}

func (a *arena[T]) keeps() int {
	var one T
	if _, isByte := any(one).(byte); isByte {
		return arenaKeeps
	}
	return arenaKeeps / 8
}
