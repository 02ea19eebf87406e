package tally

import (
	"math/bits"

	"github.com/scrutin/scrutin/elgamal"
)

// aggregate sums ballots, each times its weight. It keeps one sum for each bit of a weight, so
// that a ballot of weight w costs as many additions as w has ones, and doublings are done once:
//
//	sum of w*C = sum over i of 2^i * (sum of the C whose w has bit i)
type aggregate struct {
	length int
	bits   [][]elgamal.Ciphertext // by bit of the weight; nil until needed
}

func newAggregate(length int) *aggregate { return &aggregate{length: length} }

// add adds weight * ciphertexts.
func (a *aggregate) add(ciphertexts []elgamal.Ciphertext, weight uint64) {
	a.each(weight, func(sums []elgamal.Ciphertext) {
		for k := range sums {
			sums[k].Add(&sums[k], &ciphertexts[k])
		}
	})
}

// remove undoes add.
func (a *aggregate) remove(ciphertexts []elgamal.Ciphertext, weight uint64) {
	a.each(weight, func(sums []elgamal.Ciphertext) {
		for k := range sums {
			sums[k].A.Sub(&sums[k].A, &ciphertexts[k].A)
			sums[k].B.Sub(&sums[k].B, &ciphertexts[k].B)
		}
	})
}

func (a *aggregate) each(weight uint64, do func(sums []elgamal.Ciphertext)) {
	for weight != 0 {
		i := bits.TrailingZeros64(weight)
		weight &= weight - 1
		for len(a.bits) <= i {
			a.bits = append(a.bits, nil)
		}
		if a.bits[i] == nil {
			a.bits[i] = identities(a.length)
		}
		do(a.bits[i])
	}
}

// sums returns 8 times the sums: what is opened. Components of small order, which a voter may
// have put into her own ballot, are gone from it.
func (a *aggregate) sums() []elgamal.Ciphertext {
	total := identities(a.length)
	for i := len(a.bits) - 1; i >= 0; i-- {
		for k := range total {
			total[k].Add(&total[k], &total[k])
			if a.bits[i] != nil {
				total[k].Add(&total[k], &a.bits[i][k])
			}
		}
	}
	for k := range total {
		total[k].MulByCofactor(&total[k])
	}
	return total
}

func identities(n int) []elgamal.Ciphertext {
	c := make([]elgamal.Ciphertext, n)
	for k := range c {
		c[k] = elgamal.NewCiphertext()
	}
	return c
}
