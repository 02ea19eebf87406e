package tally

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

func counts(blank uint64, totals ...uint64) ballot.Tally {
	t := ballot.Tally{Question: "q"}
	for i, total := range totals {
		t.Counts = append(t.Counts, ballot.Count{Option: ballot.OptionID(rune('a' + i)), Total: total})
	}
	t.Counts = append(t.Counts, ballot.Count{Label: ballot.BlankLabel, Total: blank})
	return t
}

func TestOrderDeclaresTies(t *testing.T) {
	for _, c := range []struct {
		totals  []uint64
		order   [][]ballot.OptionID
		winners []ballot.OptionID
	}{
		{[]uint64{1, 5, 3}, [][]ballot.OptionID{{"b"}, {"c"}, {"a"}}, []ballot.OptionID{"b"}},
		{[]uint64{3, 5, 3}, [][]ballot.OptionID{{"b"}, {"a", "c"}}, []ballot.OptionID{"b"}},
		{[]uint64{5, 1, 5}, [][]ballot.OptionID{{"a", "c"}, {"b"}}, []ballot.OptionID{"a", "c"}},
		{[]uint64{2, 2, 2}, [][]ballot.OptionID{{"a", "b", "c"}}, []ballot.OptionID{"a", "b", "c"}},
		{[]uint64{0, 0}, [][]ballot.OptionID{{"a", "b"}}, nil},
		{[]uint64{0, 1}, [][]ballot.OptionID{{"b"}, {"a"}}, []ballot.OptionID{"b"}},
		{[]uint64{1 << 43, 1<<43 + 1}, [][]ballot.OptionID{{"b"}, {"a"}}, []ballot.OptionID{"b"}},
	} {
		o := Outcome{Tally: counts(7, c.totals...), rule: ballot.Choice{Max: 2, Blank: true}}
		var err error
		o.Order, err = o.order()
		require.NoError(t, err)
		require.Equal(t, c.order, o.Order, "%v", c.totals)
		require.Equal(t, c.winners, o.Winners(), "%v", c.totals)
	}
}

func TestRejectsCountsThatNoBallotsGive(t *testing.T) {
	one := ballot.Choice{Min: 1, Max: 1, Blank: true}
	some := ballot.Choice{Min: 1, Max: 2, Blank: true}
	none := ballot.Choice{Min: 0, Max: 2, Blank: true}
	approval := ballot.Approval{}
	for _, c := range []struct {
		name  string
		rule  ballot.Rule
		tally ballot.Tally
		good  bool
	}{
		{"one of two", one, counts(1, 4, 5), true},
		{"all blank", one, counts(10, 0, 0), true},
		{"one vote lost", one, counts(1, 4, 4), false},
		{"one vote more", one, counts(1, 5, 5), false},
		{"a blank vote more", one, counts(2, 4, 5), false},
		{"more blank than ballots", one, counts(11, 0, 0), false},
		{"more blank than ballots, where none need be marked", none, counts(11, 0, 0), false},
		{"nothing marked", none, counts(3, 0, 0), true},
		{"two each", some, counts(0, 10, 10), true},
		{"one each", some, counts(0, 10, 0), true},
		{"fewer than one each", some, counts(0, 9, 0), false},
		{"more than two each", some, counts(0, 10, 10, 1), false},
		{"more for one than ballots", some, counts(0, 11, 0), false},
		{"blank and marked", some, counts(1, 10, 0), false},
		{"approval of all", approval, counts(0, 10, 10, 10), true},
		{"approval of none", approval, counts(0, 0, 0, 0), true},
		{"approval by more than voted", approval, counts(0, 11, 10, 10), false},
	} {
		o := Outcome{Tally: c.tally, rule: c.rule, weight: 10}
		err := o.plausible()
		require.Equal(t, c.good, err == nil, "%s: %v", c.name, err)
	}
	m := electiontest.New(t, electiontest.Config{}).Manifest
	_, err := count(m, 0, nil)
	require.ErrorIs(t, err, ErrInvalid)
}
