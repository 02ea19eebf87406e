package ballot

import "fmt"

// BlankLabel is the label of the counter of blank votes.
const BlankLabel = "blank"

// NoneLabel is the label of the counter of votes for none of the options.
const NoneLabel = "none"

// Tally is the result of one question.
type Tally struct {
	Question QuestionID
	Counts   []Count
}

// Count is one counter: the total, times the weights, of what it counts.
//
// Under most rules there is one for each option, in order, without a label: the marks ([Choice],
// [Approval]), the sum of scores ([Scoring]), points ([Cumulative], [Ranking]) or votes ([Quadratic]);
// and after them, under [Choice] where it is allowed, one without an option labelled BlankLabel, and one
// labelled NoneLabel. Under other rules each counter of an option has a label: under [Judgment] there is
// one for each grade, the best first, labelled by its id; under [Scoring] with Histogram one for each
// score, labelled "0", "1", ..; under [Condorcet] one for each other option, labelled by its id, which
// says how many prefer the option to that one.
type Count struct {
	Option OptionID
	Label  string
	Total  uint64
}

// At returns the total of the counter of this option and label; 0 if there is none.
func (t Tally) At(option OptionID, label string) uint64 {
	for _, c := range t.Counts {
		if c.Option == option && c.Label == label {
			return c.Total
		}
	}
	return 0
}

// Of returns the total of an option's counter, the first if it has several, and Of("") that of the
// blank votes; 0 if there is none. At has every counter.
func (t Tally) Of(option OptionID) uint64 {
	if option == "" {
		return t.At("", BlankLabel)
	}
	for _, c := range t.Counts {
		if c.Option == option {
			return c.Total
		}
	}
	return 0
}

// Decode cuts the plaintext totals of all ciphertexts of all questions, in the order of
// Ballot.Ciphertexts, into the counters that are packed in them. Totals that no set of valid
// ballots of this election has are ErrInvalid.
func (m *Manifest) Decode(totals []uint64) ([]Tally, error) {
	if len(totals) != m.ciphertexts {
		return nil, fmt.Errorf("%w: %d totals, the election has %d ciphertexts", ErrMalformed, len(totals), m.ciphertexts)
	}
	var out []Tally
	for i, l := range m.layouts {
		id := m.draft.Questions[i].ID
		counts, err := l.unpack(totals[:len(l.forms)])
		if err != nil {
			return nil, fmt.Errorf("question %q: %w", id, err)
		}
		totals = totals[len(l.forms):]
		t := Tally{Question: id}
		for c, k := range l.counters {
			t.Counts = append(t.Counts, Count{k.option, k.label, counts[c]})
		}
		out = append(out, t)
	}
	return out, nil
}
