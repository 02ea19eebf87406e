package ballot

import (
	"encoding/json"
	"fmt"
)

// Ranking is the rule "rank the options, the best first": a vote ranks Min to len(Points) of them, 0
// <= Min <= len(Points), 1 <= len(Points) <= number of options. The option at rank k earns
// Points[k-1], which are 0 to MaxPoints, never increase, and are not all 0; an option without rank
// earns nothing. [BordaPoints] are the points of Borda's count. The vote is [Rank] or [RankBy].
//
// MaxBallotBytes allow one question that ranks all of 43 options with 11,304 voters, and 44 at the
// smallest weights; with fewer ranks than options more of them. The total weight times Points[0] is
// below 2^44.
//
// Bits, for n options and R = len(Points) ranks: a row of R for each option, one for each rank;
// then, unless Min = n, one for each option, "not ranked"; then d_Min .. d_(R-1), where d_k says
// that k options are ranked. Constraints: each option's bits add up to 1; and with c_k the sum of
// the bits of rank k
//
//	c_k = 1                      for k = 1 .. Min
//	c_(Min+1) + d_Min = 1        if Min < R
//	c_(k-1) - c_k - d_(k-1) = 0  for k = Min + 2 .. R
//
// so that no rank is given twice, and none left out before one that is given. Counters: for each
// option the sum of Points[k-1] * its bit of rank k, at most Points[0]. With p counters to a
// ciphertext, a question takes 512 + 128 ceil(n / p) + 32 (nR + n + R - Min) bytes, without the
// second n if Min = n. (J.-C. de Borda, 1781.)
type Ranking struct {
	Points []int `json:"points"`
	Min    int   `json:"min"`
}

// BordaPoints returns n-1, n-2, .. 0, the points of Borda's count with n options. It returns nil
// unless n is 2 to MaxOptions: a single option has nothing to earn.
func BordaPoints(n int) []int {
	if n < 2 || n > MaxOptions {
		return nil
	}
	points := make([]int, n)
	for i := range points {
		points[i] = n - 1 - i
	}
	return points
}

// MarshalJSON writes the rule as in a manifest.
func (r Ranking) MarshalJSON() ([]byte, error) {
	type members Ranking
	return json.Marshal(struct {
		Type string `json:"type"`
		members
	}{typeRanking, members(r)})
}

func (r Ranking) check(options int) error {
	ranks := len(r.Points)
	if ranks < 1 || ranks > options {
		return fmt.Errorf("%w: points for %d ranks, there are %d options", ErrMalformed, ranks, options)
	}
	if r.Min < 0 || r.Min > ranks {
		return fmt.Errorf("%w: rank at least %d options, there are points for %d", ErrMalformed, r.Min, ranks)
	}
	above := MaxPoints
	for k, p := range r.Points {
		if p < 0 || p > above {
			return fmt.Errorf("%w: %d points for rank %d, 0 to %d allowed: points never increase", ErrMalformed, p, k+1, above)
		}
		above = p
	}
	if r.Points[0] == 0 {
		return fmt.Errorf("%w: no points for any rank", ErrMalformed)
	}
	return checkRow(options, ranks)
}

func (r Ranking) compile(c *compiler, options []Option) {
	rows := c.matrix(len(options), len(r.Points))
	for i, o := range options {
		var points linear
		for k, p := range r.Points {
			if p > 0 {
				points = append(points, newTerm(rows[i][k].bit, int64(p)))
			}
		}
		c.count(o.ID, "", points, uint64(r.Points[0]))
	}
	c.oneOfEach(rows, r.Min < len(options))
	c.noGap(rows, r.Min)
}

func (r Ranking) fill(bits []uint8, options []Option, v Vote) error {
	if err := v.wanted(voteRank); err != nil {
		return err
	}
	places, err := place(options, v.options)
	if err != nil {
		return err
	}
	if err := checkNumber(len(places), r.Min, len(r.Points), "ranked"); err != nil {
		return err
	}
	size := len(options) * len(r.Points)
	fillRanks(bits[:size], bits[size:], places, len(r.Points), r.Min)
	return nil
}

func (r Ranking) read(bits []uint8, options []Option) Vote {
	return Rank(ranked(bits, options, len(r.Points))...)
}

// noGap requires of rows of bits of rank 1, 2 .. that each rank is given once at most, that the first
// ones, least of them, are given, and that none is given after one that is not.
func (c *compiler) noGap(rows []linear, least int) {
	var above linear
	for k := range rows[0] {
		var rank linear
		for _, row := range rows {
			rank = append(rank, row[k])
		}
		switch {
		case k < least:
			c.require(rank, 1)
		case k == least:
			c.require(append(rank[:len(rank):len(rank)], c.bit(1)), 1)
		default:
			c.require(append(above.plus(rank, -1), c.bit(-1)), 0)
		}
		above = rank
	}
}

// fillRanks sets the bits of a matrix of options and ranks, and those that oneOfEach and noGap made
// for it, rest. What is placed beyond the ranks is left out.
func fillRanks(matrix, rest []uint8, places [][]uint8, ranks, least int) {
	for k, place := range places[:min(ranks, len(places))] {
		for i, is := range place {
			matrix[i*ranks+k] = is
		}
	}
	if options := len(matrix) / ranks; least < options {
		fillNone(rest, matrix, ranks)
		rest = rest[options:]
	}
	for k := range rest {
		if least+k == len(places) {
			rest[k] = 1
		}
	}
}

// ranked lists the options of a matrix of options and ranks, the best first.
func ranked(bits []uint8, options []Option, ranks int) []OptionID {
	var out []OptionID
	for k := range ranks {
		for i, o := range options {
			if bits[i*ranks+k] == 1 {
				out = append(out, o.ID)
			}
		}
	}
	return out
}
