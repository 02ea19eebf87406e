package ballot

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Condorcet is the rule "rank any number of the options, the best first", counted in pairs: how many
// prefer one option to another. An option without rank comes after all that have one, and ties with
// the others without. There are at least 2 options; MaxBallotBytes allow one question of 23 with 11,304
// voters, and of 27 at the smallest weights. The vote is [Rank] or [RankBy].
//
// Bits, for n options: p_ab for each option a and each other option b, "a is preferred to b"; a row
// of n - 1 for each option a, r_aj for rank j (to rank all options, or all but the last of them,
// says the same); t_ab for a before b, "neither"; u_a for each option, "not ranked"; and d_0 ..
// d_(n-2), where d_k says that k ranks are given. Constraints:
//
//	p_ab + p_ba + t_ab = 1                       for each a before b
//	sum_b p_ab - sum_j (n - j) r_aj = 0          for each a: rank j wins n - j pairs
//	sum_j r_aj + u_a = 1                         for each a
//	c_1 + d_0 = 1, c_(k-1) - c_k - d_(k-1) = 0   for k = 2 .. n - 1, c_k the sum of the bits of rank k
//
// The option of rank 1 wins all its pairs; so that of rank 2, which wins one less, wins all others,
// and so on; and those without rank win none, so they tie. Counters: for each a and each other b,
// p_ab, labelled b. With p counters to a ciphertext, a question takes 512 + 128 ceil(n (n - 1) / p)
// + 32 (5 n (n - 1) / 2 + 2 n - 1) bytes. (Condorcet, "Essai", 1785.)
type Condorcet struct{}

// MarshalJSON writes the rule as in a manifest.
func (r Condorcet) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
	}{typeCondorcet})
}

func (Condorcet) check(options int) error {
	if options < 2 {
		return fmt.Errorf("%w: pairs of %d options, at least 2 wanted", ErrMalformed, options)
	}
	return checkRow(options, 2*(options-1))
}

func (Condorcet) compile(c *compiler, options []Option) {
	n := len(options)
	pairs := c.matrix(n, n-1) // p_ab for b before a is number b, for b after a number b - 1
	rows := c.matrix(n, n-1)
	for a := range options {
		for k, p := range pairs[a] {
			b := k
			if k >= a {
				b++
			}
			c.count(options[a].ID, string(options[b].ID), linear{p}, 1)
		}
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			c.require(linear{pairs[a][b-1], pairs[b][a], c.bit(1)}, 1)
		}
	}
	for a := range n {
		wins := slices.Clone(pairs[a])
		for j, r := range rows[a] {
			wins = append(wins, newTerm(r.bit, -int64(n-1-j)))
		}
		c.require(wins, 0)
	}
	c.oneOfEach(rows, true)
	c.noGap(rows, 0)
}

func (Condorcet) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteRank); err != nil {
		return err
	}
	places, err := place(options, v.options)
	if err != nil {
		return err
	}
	n := len(options)
	ranks := make([]int, n) // from 0; n for those without
	for i := range ranks {
		ranks[i] = n
		for k, place := range places {
			ranks[i] -= int(place[i]) * (n - k)
		}
	}
	pairs, ties := bits[:n*(n-1)], bits[2*n*(n-1):]
	for a := range n {
		for b := a + 1; b < n; b++ {
			ab, ba := less(ranks[a], ranks[b]), less(ranks[b], ranks[a])
			pairs[a*(n-1)+b-1], pairs[b*(n-1)+a] = ab, ba
			ties[0] = 1 - ab - ba
			ties = ties[1:]
		}
	}
	fillRanks(bits[n*(n-1):2*n*(n-1)], ties, places, n-1, 0) // what follows the ties
	return nil
}

// less returns 1 if a < b, else 0, for numbers below 2^31.
func less(a, b int) uint8 { return uint8(uint32(int32(a)-int32(b)) >> 31) }

func (Condorcet) read(bits []uint8, options []Option) Vote {
	n := len(options)
	out := ranked(bits[n*(n-1):], options, n-1)
	if len(out) == n-1 { // the last one has its place too
		for _, o := range options {
			if !slices.Contains(out, o.ID) {
				out = append(out, o.ID)
			}
		}
	}
	return Rank(out...)
}
