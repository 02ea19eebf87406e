package ballot

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Vote is the answer to one question. It is secret: it prints as "Vote(redacted)". Whether the
// question's rule allows it is said by Credential.Encrypt.
type Vote struct {
	kind    voteKind
	options []OptionID // named: in the order given, or by rank, or sorted
	grades  []GradeID  // of each, in Grade
	amounts []int      // of each, in Score and Give
	problem string     // why it can be a vote under no rule
}

type voteKind string

const (
	voteChoose  voteKind = "Choose"
	voteBlank   voteKind = "Blank"
	voteNone    voteKind = "None"
	voteApprove voteKind = "Approve"
	voteGrade   voteKind = "Grade"
	voteScore   voteKind = "Score"
	voteGive    voteKind = "Give"
	voteRank    voteKind = "Rank"
)

// Choose marks options of a question whose rule is a [Choice].
func Choose(options ...OptionID) Vote {
	return Vote{kind: voteChoose, options: append([]OptionID(nil), options...)}
}

// Blank is the blank vote, where the question's [Choice] has one.
func Blank() Vote { return Vote{kind: voteBlank} }

// None is the vote "none of these", where the question's [Choice] has one.
func None() Vote { return Vote{kind: voteNone} }

// Approve marks options of a question whose rule is [Approval].
func Approve(options ...OptionID) Vote {
	return Vote{kind: voteApprove, options: append([]OptionID(nil), options...)}
}

// Grade gives grades in a question whose rule is a [Judgment]. Options left out are not graded.
func Grade(grades map[OptionID]GradeID) Vote {
	v := Vote{kind: voteGrade, options: slices.Sorted(maps.Keys(grades))}
	for _, o := range v.options {
		v.grades = append(v.grades, grades[o])
	}
	return v
}

// Score gives scores in a question whose rule is a [Scoring]. Options left out get 0.
func Score(scores map[OptionID]int) Vote { return withAmounts(voteScore, scores) }

// Give gives points in a question whose rule is [Cumulative], votes in one whose rule is
// [Quadratic]. Options left out get 0.
func Give(amounts map[OptionID]int) Vote { return withAmounts(voteGive, amounts) }

func withAmounts(kind voteKind, amounts map[OptionID]int) Vote {
	v := Vote{kind: kind, options: slices.Sorted(maps.Keys(amounts))}
	for _, o := range v.options {
		v.amounts = append(v.amounts, amounts[o])
	}
	return v
}

// Rank ranks options, the best first, in a question whose rule is a [Ranking] or [Condorcet].
func Rank(options ...OptionID) Vote {
	return Vote{kind: voteRank, options: append([]OptionID(nil), options...)}
}

// RankBy is like Rank, with the rank of each option, from 1, each given once and none left out.
func RankBy(ranks map[OptionID]int) Vote {
	v := Vote{kind: voteRank, options: slices.Collect(maps.Keys(ranks))}
	slices.SortFunc(v.options, func(a, b OptionID) int {
		return cmp.Or(cmp.Compare(ranks[a], ranks[b]), cmp.Compare(a, b))
	})
	for i, o := range v.options {
		switch rank := ranks[o]; {
		case rank == i+1:
			continue
		case rank < 1:
			v.problem = fmt.Sprintf("rank %d is given, the best is rank 1", rank)
		case rank == i:
			v.problem = fmt.Sprintf("rank %d is given twice", rank)
		default:
			v.problem = fmt.Sprintf("rank %d is missing", i+1)
		}
		break
	}
	return v
}

// wanted refuses a vote of another kind.
func (v Vote) wanted(kind voteKind) error {
	switch {
	case v.kind == kind && v.problem == "":
		return nil
	case v.kind == kind:
		return fmt.Errorf("%w: %s", ErrVote, v.problem)
	case v.kind == voteBlank:
		return fmt.Errorf("%w: the question has no blank vote, it wants %s", ErrVote, kind)
	case v.kind == voteNone:
		return fmt.Errorf("%w: the question has no vote for none of the options, it wants %s", ErrVote, kind)
	}
	return fmt.Errorf("%w: the question wants %s", ErrVote, kind)
}

// Options returns the options that the vote names: of a vote from an Opening those marked, in the
// manifest's order, or those ranked, the best first.
func (v Vote) Options() []OptionID { return slices.Clone(v.options) }

// IsBlank reports a blank vote.
func (v Vote) IsBlank() bool { return v.kind == voteBlank }

// IsNone reports a vote for none of the options.
func (v Vote) IsNone() bool { return v.kind == voteNone }

// Grades returns the grade of each option that has one, nil if the vote is no Grade.
func (v Vote) Grades() map[OptionID]GradeID {
	if v.kind != voteGrade {
		return nil
	}
	out := map[OptionID]GradeID{}
	for k, o := range v.options {
		out[o] = v.grades[k]
	}
	return out
}

// Amounts returns the score, points or votes of each option, of a vote from an Opening of all
// options; nil if the vote is neither Score nor Give.
func (v Vote) Amounts() map[OptionID]int {
	if v.kind != voteScore && v.kind != voteGive {
		return nil
	}
	out := map[OptionID]int{}
	for k, o := range v.options {
		out[o] = v.amounts[k]
	}
	return out
}

const redactedVote = "Vote(redacted)"

func (v Vote) String() string   { return redactedVote }
func (v Vote) GoString() string { return redactedVote }

// Format writes "Vote(redacted)" whatever the verb.
func (v Vote) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedVote) }
