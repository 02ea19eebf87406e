package main

import (
	"math/rand/v2"
	"slices"
)

// graded is one judgment: a candidate, by row of the published table, and a grade, 0 the best.
type graded struct{ candidate, grade int }

// deal makes ballots that add up to the published table exactly. What is published is the
// number of judgments of each candidate and grade; which of them stood together on one ballot
// is not, and is invented here: the 53,383 judgments become 10,676 ballots that grade five
// different candidates and one that grades three.
//
// The dealing is the same each time. In shuffled order the first N ballots are a fair sample.
func deal(rows []row) [][]graded {
	random := rand.New(rand.NewPCG(2016, 10_26)) // demonstration data; no vote is secret here

	var judgments []graded
	for c, r := range rows {
		first := len(judgments)
		for g, n := range r.judgments {
			judgments = append(judgments, slices.Repeat([]graded{{c, g}}, n)...)
		}
		own := judgments[first:]
		random.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
	}

	// Round after round, the next judgment to each ballot; the last ballot is passed over where
	// there are too few. The judgments of a candidate follow each other and are fewer than a
	// round has, so that no ballot gets one candidate twice.
	n := (len(judgments) + perBallot - 1) / perBallot
	short := n*perBallot - len(judgments)
	ballots := make([][]graded, n)
	for round := range perBallot {
		for b := range ballots {
			if b == n-1 && round >= perBallot-short {
				continue
			}
			ballots[b] = append(ballots[b], judgments[0])
			judgments = judgments[1:]
		}
	}

	// So far neighbours on the list stand together. Two ballots exchange a judgment each
	// wherever that gives neither of them a candidate twice, until all is mixed.
	for range 20 * n {
		x, y := ballots[random.IntN(n)], ballots[random.IntN(n)]
		i, j := random.IntN(len(x)), random.IntN(len(y))
		if fits(x, i, y[j]) && fits(y, j, x[i]) {
			x[i], y[j] = y[j], x[i]
		}
	}
	random.Shuffle(n, func(i, j int) { ballots[i], ballots[j] = ballots[j], ballots[i] })
	return ballots
}

// fits reports whether judgment i of a ballot may become another one.
func fits(ballot []graded, i int, other graded) bool {
	for k, own := range ballot {
		if k != i && own.candidate == other.candidate {
			return false
		}
	}
	return true
}
