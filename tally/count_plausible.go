package tally

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"github.com/scrutin/scrutin/ballot"
)

// plausible checks that ballots of this weight can have these counts: conditions that every set
// of valid ballots meets, and as many of them as are simple. docs/spec/tally.md, "Plausible counts".
func (o *Outcome) plausible() error {
	switch rule := o.rule.(type) {
	case ballot.Choice:
		return o.plausibleChoice(rule)
	case ballot.Approval:
		return o.atMost(o.weight, "votes")
	case ballot.Judgment:
		return o.plausibleJudgment(rule)
	case ballot.Scoring:
		if rule.Histogram {
			return o.plausibleHistogram()
		}
		return o.atMost(times(uint64(rule.Max), o.weight), "points")
	case ballot.Cumulative:
		high := times(uint64(rule.Points), o.weight)
		if rule.Whole {
			return o.together(high, high, "points")
		}
		return o.together(0, high, "points")
	case ballot.Quadratic:
		return o.plausibleQuadratic(rule)
	case ballot.Ranking:
		return o.plausibleRanking(rule)
	case ballot.Condorcet:
		return o.plausibleCondorcet()
	}
	return fmt.Errorf("nothing is known of the rule %T", o.rule)
}

// atMost refuses an option with more than this.
func (o *Outcome) atMost(high uint64, what string) error {
	for _, c := range o.Counts {
		if c.Option != "" && c.Total > high {
			return fmt.Errorf("option %q has %d %s, at most %d are possible", c.Option, c.Total, what, high)
		}
	}
	return nil
}

// together refuses options that have less or more than this together.
func (o *Outcome) together(low, high uint64, what string) error {
	var sum uint64
	for _, c := range o.Counts {
		if c.Option != "" {
			sum = plus(sum, c.Total)
		}
	}
	if sum < low || sum > high {
		return fmt.Errorf("the options have %d %s together, %d to %d are possible", sum, what, low, high)
	}
	return nil
}

// plausibleChoice: with B blank and N none, V = W - B - N votes are for options. No option has more
// than V, all of them have Min*V to Max*V.
func (o *Outcome) plausibleChoice(rule ballot.Choice) error {
	blank, _ := o.Blank()
	none, _ := o.None()
	beside := plus(blank, none)
	if beside > o.weight {
		return fmt.Errorf("%d votes are blank and %d for none, of %d", blank, none, o.weight)
	}
	marked := o.weight - beside
	if err := o.atMost(marked, "votes"); err != nil {
		return err
	}
	return o.together(times(uint64(rule.Min), marked), times(uint64(rule.Max), marked), "votes")
}

// plausibleJudgment: every option has W judgments at most, all have Min*W to Max*W.
func (o *Outcome) plausibleJudgment(rule ballot.Judgment) error {
	options, rows := o.rows()
	for i, row := range rows {
		if n := sum(row); n > o.weight {
			return fmt.Errorf("option %q has %d judgments of %d", options[i], n, o.weight)
		}
	}
	return o.together(times(uint64(rule.Min), o.weight), times(uint64(rule.Max), o.weight), "judgments")
}

// plausibleHistogram: every option has W scores.
func (o *Outcome) plausibleHistogram() error {
	options, rows := o.rows()
	for i, row := range rows {
		if n := sum(row); n != o.weight {
			return fmt.Errorf("option %q has %d scores of %d", options[i], n, o.weight)
		}
	}
	return nil
}

// plausibleQuadratic: no option has more than W times the root of the credits; and
//
//	sum of W*L^2 + (2*L + 1)*R <= W*Credits, L = floor(T / W), R = T mod W
//
// over the options' totals T. A summand is W times the polygon through the squares of the integers, at
// T/W. It is convex, so W voters who bought T votes spent that much at least.
func (o *Outcome) plausibleQuadratic(rule ballot.Quadratic) error {
	credits, root := uint64(rule.Credits), uint64(0)
	for (root+1)*(root+1) <= credits {
		root++
	}
	if err := o.atMost(times(root, o.weight), "votes"); err != nil {
		return err
	}
	if o.weight == 0 {
		return nil // so every total is 0
	}
	var cost uint64
	for _, c := range o.Counts {
		l, r := c.Total/o.weight, c.Total%o.weight
		cost = plus(cost, plus(times(o.weight, l*l), times(2*l+1, r)))
	}
	if budget := times(credits, o.weight); cost > budget {
		return fmt.Errorf("the votes cost %d credits or more, there are %d", cost, budget)
	}
	return nil
}

// plausibleRanking: the points of every option are a multiple of what divides the points of all ranks.
// For every k the k options with the most points have together at most W times the first k points, and
// all have at least W times the first Min.
func (o *Outcome) plausibleRanking(rule ballot.Ranking) error {
	unit := rule.Points[0] // above 0
	for _, points := range rule.Points {
		unit = gcd(unit, points)
	}
	totals := make([]uint64, 0, len(o.Counts))
	for _, c := range o.Counts {
		if c.Total%uint64(unit) != 0 {
			return fmt.Errorf("option %q has %d points, and all ranks give multiples of %d", c.Option, c.Total, unit)
		}
		totals = append(totals, c.Total)
	}
	slices.SortFunc(totals, func(a, b uint64) int { return cmp.Compare(b, a) })
	var low, high, got uint64
	for k, total := range totals {
		if k < len(rule.Points) {
			points := times(uint64(rule.Points[k]), o.weight)
			high = plus(high, points)
			if k < rule.Min {
				low = plus(low, points)
			}
		}
		if got = plus(got, total); got > high {
			return fmt.Errorf("%d options have %d points together, at most %d are possible", k+1, got, high)
		}
	}
	if got < low {
		return fmt.Errorf("the options have %d points together, at least %d are given", got, low)
	}
	return nil
}

// plausibleCondorcet: for all options a, b, c
//
//	p_ab + p_ba <= W            a ballot prefers one of two at most
//	p_ac <= p_ab + p_bc         who prefers a to c prefers a to b or b to c
//	p_ac <= p_ab + p_ba         and has ranked a, so is not without a preference between a and b
func (o *Outcome) plausibleCondorcet() error {
	options, _ := o.rows()
	p := o.Pairwise()
	for a := range p {
		for b := range p {
			if a == b {
				continue
			}
			if n := plus(p[a][b], p[b][a]); n > o.weight {
				return fmt.Errorf("%d have a preference between %q and %q, of %d", n, options[a], options[b], o.weight)
			}
			for c := range p {
				if c == a || c == b {
					continue
				}
				if p[a][c] > plus(p[a][b], p[b][c]) || p[a][c] > plus(p[a][b], p[b][a]) {
					return fmt.Errorf("%d prefer %q to %q, which the preferences between them and %q do not allow",
						p[a][c], options[a], options[c], options[b])
				}
			}
		}
	}
	return nil
}

// gcd returns the greatest number that divides a, above 0, and b.
func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func sum(numbers []uint64) uint64 {
	var s uint64
	for _, n := range numbers {
		s = plus(s, n)
	}
	return s
}

// plus returns a + b, or the largest number if that is beyond it: it is above every bound here.
func plus(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	return s | -carry
}

// times returns a * b, or the largest number if that is beyond it.
func times(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high != 0 {
		return 1<<64 - 1
	}
	return low
}
