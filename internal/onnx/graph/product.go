package graph

import "slices"

// A product is a number of elements: a factor times symbols, or unknown.
type product struct {
	known   bool
	factor  int64
	symbols []string
}

func newProduct(s Shape) product {
	p := product{known: s != nil, factor: 1}
	for _, d := range s {
		switch {
		case d.Fixed() && (d.Size == 0 || p.factor <= maxBytes/d.Size):
			p.factor *= d.Size
		case !d.Fixed() && d.Symbol != "":
			p.symbols = append(p.symbols, d.Symbol)
		default:
			p.known = false
		}
	}
	return p
}

func (p *product) divide(d Dim) {
	if d.Fixed() {
		if d.Size == 0 || p.factor%d.Size != 0 {
			p.known = false
			return
		}
		p.factor /= d.Size
		return
	}
	i := slices.Index(p.symbols, d.Symbol)
	if i < 0 {
		p.known = false
		return
	}
	p.symbols = slices.Delete(p.symbols, i, i+1)
}

func (p *product) dim() Dim {
	switch {
	case p.known && len(p.symbols) == 0:
		return Dim{Size: p.factor}
	case p.known && len(p.symbols) == 1 && p.factor == 1:
		return Dim{Size: -1, Symbol: p.symbols[0]}
	}
	return unknownDim
}
