package lookalike

import (
	"cmp"
	"slices"
)

// neighbours are the nearest rows of one row, the nearest first.
type neighbours struct {
	n    int
	list [kept]neighbour
}

type neighbour struct {
	row        int
	similarity float32
	mirrored   bool
}

// add keeps a row if it is among the nearest. Of equally near rows the first is kept.
func (l *neighbours) add(row int, similarity float32, mirrored bool) {
	if l.n == kept && similarity <= l.list[kept-1].similarity {
		return
	}
	l.n = min(l.n+1, kept)
	at := l.n - 1
	for ; at > 0 && l.list[at-1].similarity < similarity; at-- {
		l.list[at] = l.list[at-1]
	}
	l.list[at] = neighbour{row, similarity, mirrored}
}

func (l *neighbours) inOrder() []neighbour { return l.list[:l.n] }

func (l *neighbours) has(row int) bool {
	return slices.ContainsFunc(l.inOrder(), func(n neighbour) bool { return n.row == row })
}

// others is the similarity of images that resemble this one without being copies; 0 if there are too few.
func (l *neighbours) others() float32 {
	if l.n <= beyond {
		return 0
	}
	return max(0, l.list[beyond].similarity)
}

func sortPairs(p []Pair) {
	slices.SortFunc(p, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
}
