package lanes

import (
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
)

const (
	stride = 16  // steps that are multiplied together
	chunk  = 256 // lanes of one product: the cache holds their intermediate results
)

// lineProduct multiplies the lines of each step of a Miller loop, for up to as many pairs as it was made for. The lanes
// of `stride` steps lie side by side, first those of the first pair, so that the vectors are long down to the
// last level of the tree: level by level the first half of the pairs is multiplied by the second.
type lineProduct struct {
	lines   Lines
	product Fp12
	scratch *TowerScratch
	pairs   int
	steps   int // in lines
	values  []bn254.GT
}

func newLineProduct(pairs int) lineProduct {
	n := stride * pairs
	return lineProduct{
		lines: Lines{NewFp2(n), NewFp2(n)}, product: NewFp12(n - n/2/stride*stride),
		scratch: NewTowerScratch(min(chunk, n)),
	}
}

// start begins with the first step.
func (p *lineProduct) start(pairs int) { p.pairs, p.steps, p.values = pairs, 0, p.values[:0] }

// add takes the lines of the next step.
func (p *lineProduct) add(l Lines) {
	for _, c := range [4][2]fp.Vector{
		{p.lines.X.A0, l.X.A0}, {p.lines.X.A1, l.X.A1}, {p.lines.Y.A0, l.Y.A0}, {p.lines.Y.A1, l.Y.A1},
	} {
		to := c[0][p.steps:]
		for i := range c[1] {
			to[stride*i] = c[1][i]
		}
	}
	if p.steps++; p.steps == stride {
		p.multiply()
	}
}

// finish returns the product of each step. They are overwritten by the next ones.
func (p *lineProduct) finish() []bn254.GT {
	if p.steps > 0 {
		p.multiply()
	}
	return p.values
}

func (p *lineProduct) multiply() {
	pairs := p.pairs
	half := pairs / 2
	n, m := stride*half, stride*(pairs-half)
	inChunks(n, func(i, j int) {
		p.product.Slice(i, j).MulLines(p.lines.Slice(i, j), p.lines.Slice(m+i, m+j), p.scratch)
	})
	p.product.Slice(n, m).SetLines(p.lines.Slice(n, m)) // in the middle of an odd number one goes up alone
	for sparse := true; pairs-half > 1; sparse = false {
		pairs -= half
		half = pairs / 2
		m = stride * (pairs - half)
		inChunks(stride*half, func(i, j int) {
			low, high := p.product.Slice(i, j), p.product.Slice(m+i, m+j)
			if sparse {
				low.MulSparse(low, high, p.scratch)
			} else {
				low.Mul(low, high, p.scratch)
			}
		})
	}
	for i := range p.steps {
		p.values = append(p.values, p.product.At(i))
	}
	p.steps = 0
}

// inChunks calls f for the parts of 0..n-1.
func inChunks(n int, f func(i, j int)) {
	for i := 0; i < n; i += chunk {
		f(i, min(i+chunk, n))
	}
}
