package tally_test

import (
	"fmt"

	"github.com/scrutin/scrutin/tally"
)

// Three candidates are judged good, fair or poor; the third by fewer voters.
func ExampleMajorityJudgment() {
	judgments := [][]uint64{
		{40, 30, 30},
		{30, 50, 20},
		{21, 35, 14},
	}
	for place, candidates := range tally.MajorityJudgment(judgments) {
		fmt.Println("place", place+1, candidates)
	}
	grade, above, below, _ := tally.MajorityGrade(judgments[0])
	fmt.Println("majority grade of 0:", grade, "above", above, "below", below)

	// Output:
	// place 1 [0]
	// place 2 [1 2]
	// majority grade of 0: 1 above 2/5 below 3/10
}

// The capital of Tennessee: 42 voters prefer Memphis (0) to Nashville (1), 58 the reverse, and so on.
func ExampleSchulze() {
	preferred := [][]uint64{
		{0, 42, 42, 42},
		{58, 0, 68, 68},
		{58, 32, 0, 83},
		{58, 32, 17, 0},
	}
	places, err := tally.Schulze(preferred)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(places)

	// Output:
	// [[1] [2] [3] [0]]
}
