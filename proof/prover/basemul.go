package prover

import (
	"math/big"

	"github.com/consensys/gnark/frontend"

	"github.com/scrutin/scrutin/internal/babyjub"
)

const (
	// subgroupOrder is q, the order of Baby Jubjub's prime-order group; q < 2^scalarBits.
	subgroupOrder = "2736030358979909402780800718157159386076813972158567259200215660948447373041"
	scalarBits    = 251

	windowBits = 3

	// a x^2 + y^2 = 1 + d x^2 y^2 (EIP-2494).
	curveA = 168700
	curveD = 168696
)

type affine struct{ x, y frontend.Variable }

// baseMul returns s*B8, where bits are the bits of s, the lowest first, and already known to be 0 or 1.
//
// s*B8 is the sum over windows i of (digit i) 8^i B8, one constant of eight, picked by three bits. The
// sum is by the addition law of twisted Edwards curves, which is complete on this one: a is a square
// and d is not, so neither denominator is ever zero (Bernstein, Birkner, Joye, Lange, Peters: eprint
// 2008/013). Both summands are on the curve, the first by induction, the second as a constant. Hence no
// exceptional case, and no quotient that a prover could choose.
func baseMul(api frontend.API, bits []frontend.Variable) (x, y frontend.Variable) {
	var sum affine
	for i, window := range windows(len(bits)) {
		digit := bits[windowBits*i : min(windowBits*(i+1), len(bits))]
		p := pick(api, window, digit)
		if i == 0 {
			sum = p
			continue
		}
		sum = add(api, sum, p)
	}
	return sum.x, sum.y
}

// windows returns the constants: windows[i][j] = j 8^i B8.
func windows(bits int) [][1 << windowBits][2]*big.Int {
	out := make([][1 << windowBits][2]*big.Int, (bits+windowBits-1)/windowBits)
	base := babyjub.NewGenerator()
	for i := range out {
		p := babyjub.NewIdentity()
		for j := range out[i] {
			x, y := p.Affine()
			out[i][j] = [2]*big.Int{x.BigInt(new(big.Int)), y.BigInt(new(big.Int))}
			p.Add(p, base)
		}
		base.Set(p) // 8 times the base
	}
	return out
}

// pick returns table[digit], where bits has the one to three bits of digit. A function of bits is a
// polynomial of degree 1 in each, and products of bits that x and y share are made once: three rows.
func pick(api frontend.API, table [1 << windowBits][2]*big.Int, bits []frontend.Variable) affine {
	for len(bits) < windowBits {
		bits = append(bits[:len(bits):len(bits)], frontend.Variable(0))
	}
	b0, b1, b2 := bits[0], bits[1], bits[2]
	b01 := api.Mul(b0, b1)
	// bilinear returns the polynomial in b0 and b1 with the four values at (b1, b0) = 00, 01, 10, 11.
	bilinear := func(v0, v1, v2, v3 *big.Int) frontend.Variable {
		d1 := new(big.Int).Sub(v1, v0)
		d2 := new(big.Int).Sub(v2, v0)
		d3 := new(big.Int).Sub(v3, v2)
		d3.Sub(d3, d1)
		return api.Add(v0, api.Mul(b0, d1), api.Mul(b1, d2), api.Mul(b01, d3))
	}
	var out [2]frontend.Variable
	for c := range out {
		low := bilinear(table[0][c], table[1][c], table[2][c], table[3][c])
		high := bilinear(table[4][c], table[5][c], table[6][c], table[7][c])
		out[c] = api.Add(low, api.Mul(api.Sub(high, low), b2))
	}
	return affine{out[0], out[1]}
}

// add returns p + q:
//
//	x = (x1 y2 + y1 x2) / (1 + d x1 x2 y1 y2)
//	y = (y1 y2 - a x1 x2) / (1 - d x1 x2 y1 y2)
//
// in six rows, since (y1 - a x1)(x2 + y2) = y1 y2 - a x1 x2 + y1 x2 - a x1 y2.
func add(api frontend.API, p, q affine) affine {
	beta := api.Mul(p.x, q.y)
	gamma := api.Mul(p.y, q.x)
	delta := api.Mul(api.Sub(p.y, api.Mul(p.x, curveA)), api.Add(q.x, q.y))
	tau := api.Mul(api.Mul(beta, gamma), curveD)
	return affine{
		// DivUnchecked is one row, denominator * quotient = numerator; the denominator is not zero.
		x: api.DivUnchecked(api.Add(beta, gamma), api.Add(1, tau)),
		y: api.DivUnchecked(api.Add(delta, api.Mul(beta, curveA), api.Neg(gamma)), api.Sub(1, tau)),
	}
}
