package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/examples/internal/poll"
	"github.com/scrutin/scrutin/testdata/elections"
)

// readBallots reads the published ballots and shuffles them, the same way each time, so that
// the first of them are a fair sample. A ballot has the options best first; those that are not
// on it are below all that are, tied.
func readBallots() ([][]ballot.OptionID, error) {
	var ballots [][]ballot.OptionID
	lines := bufio.NewScanner(strings.NewReader(elections.Debian2005))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		ranking, copies, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		for range copies {
			ballots = append(ballots, ranking)
		}
	}
	random := rand.New(rand.NewPCG(2005, 504)) // published ballots; no vote is secret here
	random.Shuffle(len(ballots), func(i, j int) { ballots[i], ballots[j] = ballots[j], ballots[i] })
	return ballots, lines.Err()
}

// parseLine reads "COUNT: most preferred,next,...".
func parseLine(line string) (ranking []ballot.OptionID, copies int, err error) {
	count, preferences, _ := strings.Cut(line, ": ")
	if copies, err = strconv.Atoi(count); err != nil {
		return nil, 0, err
	}
	for text := range strings.SplitSeq(preferences, ",") {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > len(options) {
			return nil, 0, fmt.Errorf("option %q", text)
		}
		ranking = append(ranking, options[number-1].id)
	}
	return ranking, copies, nil
}

// plainCount compares every two options on every ballot.
func plainCount(ballots [][]ballot.OptionID) poll.Count {
	count := poll.Count{}
	for _, ranking := range ballots {
		ranked := map[ballot.OptionID]bool{}
		for i, above := range ranking {
			ranked[above] = true
			for _, below := range ranking[i+1:] {
				count[poll.Counter{Option: above, Label: string(below)}]++
			}
		}
		for _, o := range options {
			if ranked[o.id] {
				continue
			}
			for _, above := range ranking {
				count[poll.Counter{Option: above, Label: string(o.id)}]++
			}
		}
	}
	return count
}
