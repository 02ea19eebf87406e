package poseidon

import (
	"fmt"
	"slices"
	"sync"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

const (
	minWidth   = 2  // one input
	maxWidth   = 17 // MaxInputs inputs
	fullRounds = 8
	maxPartial = 70
)

// partialRounds[t-2] is circomlib's number of partial rounds for width t.
var partialRounds = [...]int{56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68}

// Params are the parameters of the permutation of one width, in the form of the Poseidon
// paper: each round adds T constants, applies the S-box and multiplies by MDS. The S-box is
// x^5 on every element in the first and last FullRounds/2 rounds, and on element 0 alone in
// the PartialRounds rounds between them.
type Params struct {
	T              int
	FullRounds     int
	PartialRounds  int
	RoundConstants []fr.Element   // T for each round, in the order of the rounds
	MDS            [][]fr.Element // new state[i] = sum over j of MDS[i][j] * state[j]
}

// Parameters returns the parameters of width t = inputs + 1, 2 <= t <= 17. The caller owns
// them. It panics for any other width.
func Parameters(t int) *Params {
	if t < minWidth || t > maxWidth {
		panic(fmt.Sprintf("poseidon: width %d is not in %d..%d", t, minWidth, maxWidth))
	}
	p := *recurrences[t]().params
	p.RoundConstants = slices.Clone(p.RoundConstants)
	p.MDS = slices.Clone(p.MDS)
	for i := range p.MDS {
		p.MDS[i] = slices.Clone(p.MDS[i])
	}
	return &p
}

// recurrences derives each width once, when it is first used.
var recurrences = func() (out [maxWidth + 1]func() *recurrence) {
	for t := minWidth; t <= maxWidth; t++ {
		out[t] = sync.OnceValue(func() *recurrence { return newRecurrence(generate(t)) })
	}
	return out
}()

// generate runs the authors' generator (docs/spec/poseidon.md, section 2).
func generate(t int) *Params {
	p := &Params{T: t, FullRounds: fullRounds, PartialRounds: partialRounds[t-minWidth]}
	g := newGrain(t, p.FullRounds, p.PartialRounds)
	p.RoundConstants = make([]fr.Element, t*(p.FullRounds+p.PartialRounds))
	for i := range p.RoundConstants {
		p.RoundConstants[i] = g.uniform()
	}
	// A Cauchy matrix: MDS[i][j] = 1 / (x_i + y_j). The generator would draw again if two of the
	// 2t values were equal or the matrix failed its tests; at these widths neither happens.
	xy := make([]fr.Element, 2*t)
	for i := range xy {
		xy[i] = g.reduced()
	}
	sums := make([]fr.Element, 0, t*t)
	for i := range t {
		for j := range t {
			var s fr.Element
			sums = append(sums, *s.Add(&xy[i], &xy[t+j]))
		}
	}
	p.MDS = slices.Collect(slices.Chunk(fr.BatchInvert(sums), t))
	return p
}
