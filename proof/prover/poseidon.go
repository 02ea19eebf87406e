package prover

import (
	"math/big"

	"github.com/consensys/gnark/frontend"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// permutation is Poseidon of width 3, the hash of two field elements, as rows of a constraint
// system. Every S-box costs three rows (z^2, z^4, z^5); additions and matrices cost none.
type permutation struct {
	api       frontend.API
	full      int // rounds with three S-boxes, half of them first, half last
	partial   int // rounds with an S-box on element 0 alone
	constants []*big.Int
	mds       [][]*big.Int
}

const width = 3

func newPermutation(api frontend.API) *permutation {
	params := poseidon.Parameters(width)
	p := &permutation{api: api, full: params.FullRounds, partial: params.PartialRounds}
	for i := range params.RoundConstants {
		p.constants = append(p.constants, params.RoundConstants[i].BigInt(new(big.Int)))
	}
	for i := range width {
		var row []*big.Int
		for j := range width {
			row = append(row, params.MDS[i][j].BigInt(new(big.Int)))
		}
		p.mds = append(p.mds, row)
	}
	return p
}

// hash returns Poseidon(left, right).
func (p *permutation) hash(left, right frontend.Variable) frontend.Variable {
	// Element 0 is the constant 0 in the first round, so its S-box costs nothing there.
	state := [width]frontend.Variable{0, left, right}
	rounds := p.full + p.partial
	for r := range rounds {
		for i := range state {
			state[i] = p.api.Add(state[i], p.constants[r*width+i])
		}
		state[0] = p.sbox(state[0])
		if r < p.full/2 || r >= p.full/2+p.partial {
			state[1] = p.sbox(state[1])
			state[2] = p.sbox(state[2])
		}
		state = p.mix(state)
	}
	return state[0]
}

func (p *permutation) sbox(z frontend.Variable) frontend.Variable {
	z2 := p.api.Mul(z, z)
	z3 := p.api.Mul(z2, z)
	return p.api.Mul(z3, z2)
}

func (p *permutation) mix(state [width]frontend.Variable) (out [width]frontend.Variable) {
	for i, row := range p.mds {
		out[i] = p.api.Add(
			p.api.Mul(state[0], row[0]),
			p.api.Mul(state[1], row[1]),
			p.api.Mul(state[2], row[2]))
	}
	return out
}
