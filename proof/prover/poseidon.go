package prover

import (
	"math/big"

	"github.com/consensys/gnark/frontend"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// permutation is Poseidon of one width, the hash of one field element less, as rows of a constraint
// system. Every S-box costs three rows (z^2, z^4, z^5); additions and matrices cost none.
type permutation struct {
	api       frontend.API
	width     int
	full      int // rounds with an S-box on every element, half of them first, half last
	partial   int // rounds with an S-box on element 0 alone
	constants []*big.Int
	mds       [][]*big.Int
}

func newPermutation(api frontend.API, width int) *permutation {
	params := poseidon.Parameters(width)
	p := &permutation{api: api, width: width, full: params.FullRounds, partial: params.PartialRounds}
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

// hash returns Poseidon of width-1 inputs.
func (p *permutation) hash(inputs ...frontend.Variable) frontend.Variable {
	// The S-box of a constant costs nothing: that of element 0, which is 0 in the first round.
	state := append([]frontend.Variable{0}, inputs...)
	rounds := p.full + p.partial
	for r := range rounds {
		for i := range state {
			state[i] = p.api.Add(state[i], p.constants[r*p.width+i])
		}
		state[0] = p.sbox(state[0])
		if r < p.full/2 || r >= p.full/2+p.partial {
			for i := range inputs {
				state[i+1] = p.sbox(state[i+1])
			}
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

func (p *permutation) mix(state []frontend.Variable) []frontend.Variable {
	out := make([]frontend.Variable, p.width)
	for i, row := range p.mds {
		terms := make([]frontend.Variable, p.width)
		for j := range terms {
			terms[j] = p.api.Mul(state[j], row[j])
		}
		out[i] = p.api.Add(terms[0], terms[1], terms[2:]...)
	}
	return out
}
