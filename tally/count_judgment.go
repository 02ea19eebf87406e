package tally

import (
	"cmp"
	"math/big"
	"slices"
)

// MajorityJudgment orders candidates by majority judgment: judgments[c][g] is the number, or
// weight, of the judgments of grade g, from 0, the best, that candidate c got. It returns the
// places, best first, each with the candidates that share it by rising number.
//
// The candidate with the better majority grade, her median, is ahead. Of two with equal
// grades the largest of four shares decides: of her judgments above the grade, or below it,
// the one's or the other's. If it does not, median judgments are set aside one by one,
// from both alike, until the medians differ. Candidates share a place if they have the same share
// of every grade, and only then. Those without a judgment share the last place.
//
// Candidates may have different numbers of judgments: only shares are compared. A row may leave
// out grades at its end that the candidate did not get. docs/spec/tally.md, "Majority judgment".
func MajorityJudgment(judgments [][]uint64) [][]int {
	candidates := make([]profile, len(judgments))
	for c, row := range judgments {
		candidates[c] = newProfile(row)
	}
	return places(len(judgments), func(a, b int) int { return candidates[a].compare(candidates[b]) })
}

// MajorityGrade returns the majority grade of one candidate, judgments[g] being the number of
// her judgments of grade g, from 0, the best: the best grade such that more than half of them
// are that good or better (the lower median). above and below are the shares of
// her judgments that are better and worse than it, each at most a half. Without a judgment ok is false.
func MajorityGrade(judgments []uint64) (grade int, above, below *big.Rat, ok bool) {
	p := newProfile(judgments)
	if p.total.Sign() == 0 {
		return 0, nil, nil, false
	}
	lower, _ := p.times(big.NewInt(2)).halves()
	grade = lower[0].grade
	better, worse := new(big.Int), new(big.Int)
	for g, n := range p.counts {
		switch {
		case g < grade:
			better.Add(better, n)
		case g > grade:
			worse.Add(worse, n)
		}
	}
	return grade, new(big.Rat).SetFrac(better, p.total), new(big.Rat).SetFrac(worse, p.total), true
}

// profile is the judgments of one candidate, by grade.
type profile struct {
	counts []*big.Int
	total  *big.Int
}

func newProfile(judgments []uint64) profile {
	p := profile{total: new(big.Int)}
	for _, n := range judgments {
		p.counts = append(p.counts, new(big.Int).SetUint64(n))
		p.total.Add(p.total, p.counts[len(p.counts)-1])
	}
	return p
}

// times returns the profile with every judgment k times.
func (p profile) times(k *big.Int) profile {
	q := profile{total: new(big.Int).Mul(p.total, k)}
	for _, n := range p.counts {
		q.counts = append(q.counts, new(big.Int).Mul(n, k))
	}
	return q
}

// A stretch is a number of judgments of one grade.
type stretch struct {
	grade int
	n     *big.Int
}

// halves returns the worse half of an even number of judgments, from the median down to the
// worst, and the better half, from the median up to the best.
func (p profile) halves() (lower, upper []stretch) {
	half := new(big.Int).Rsh(p.total, 1)
	return cut(p.counts, 0, 1, half), cut(p.counts, len(p.counts)-1, -1, half)
}

// cut returns the stretches of the judgments from grade first on, in steps, without the first skip.
func cut(counts []*big.Int, first, step int, skip *big.Int) []stretch {
	var stretches []stretch
	for g := first; g >= 0 && g < len(counts); g += step {
		n := new(big.Int).Set(counts[g])
		taken := smaller(n, skip)
		skip = new(big.Int).Sub(skip, taken)
		if n.Sub(n, taken); n.Sign() > 0 {
			stretches = append(stretches, stretch{g, n})
		}
	}
	return stretches
}

// compare returns -1 if p is ahead of q, 1 if q is ahead of p, and 0 if neither is.
//
// Both are brought to one even number of judgments, which changes no share. Then medians are
// set aside: the lower one, the upper one, again the lower one of those left, and so on; whole
// stretches together where p and q have equal ones.
func (p profile) compare(q profile) int {
	if p.total.Sign() == 0 || q.total.Sign() == 0 {
		return q.total.Sign() - p.total.Sign()
	}
	two := big.NewInt(2)
	p, q = p.times(new(big.Int).Mul(two, q.total)), q.times(new(big.Int).Mul(two, p.total))
	lowerP, upperP := p.halves()
	lowerQ, upperQ := q.halves()
	for len(lowerP) > 0 { // all four hold equally many judgments
		if c := cmp.Or(cmp.Compare(lowerP[0].grade, lowerQ[0].grade), cmp.Compare(upperP[0].grade, upperQ[0].grade)); c != 0 {
			return c
		}
		sides := []*[]stretch{&lowerP, &lowerQ, &upperP, &upperQ}
		n := (*sides[0])[0].n
		for _, s := range sides[1:] {
			n = smaller(n, (*s)[0].n)
		}
		n = new(big.Int).Set(n)
		for _, s := range sides {
			if left := (*s)[0].n; left.Sub(left, n).Sign() == 0 {
				*s = (*s)[1:]
			}
		}
	}
	return 0
}

func smaller(a, b *big.Int) *big.Int {
	if b.Cmp(a) < 0 {
		return b
	}
	return a
}

// places sorts the numbers 0 .. n-1 by a comparison that orders them weakly, equal ones into
// one place by rising number.
func places(n int, compare func(a, b int) int) [][]int {
	sorted := make([]int, n)
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, compare)
	var out [][]int
	for i, c := range sorted {
		if i == 0 || compare(sorted[i-1], c) != 0 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}
